//! The file that says what goes wrong: rules with a rate, and a script.
//!
//! ```json
//! {
//!   "seed": 7,
//!   "rules": [
//!     {"fault": {"too_many_requests": {"retry_after_s": 5}}, "rate": 0.1, "method": "POST"},
//!     {"fault": "html", "path": "/get-block", "from_height": 10, "to_height": 12, "count": 3}
//!   ],
//!   "script": [
//!     {"fault": {"timeout": {"applied": true}}, "at_height": 20, "path": "/submit-proof"},
//!     {"fault": "rollback", "at_request": 500}
//!   ]
//! }
//! ```

use serde::{Deserialize, Serialize};
use tig_process::json_text::{self, JsonError};

use super::Fault;
use crate::api::Request;

/// How far a clock may be off: ten years. Dates can be written from 1970 to the year 9999.
const CLOCK_SKEW_MS_MAX: i64 = 10 * 365 * 24 * 3_600 * 1_000;

/// The fault.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Decides the dice of the rules.
    pub seed: u64,
    /// The first one that fits and strikes counts.
    pub rules: Vec<Rule>,
    /// Each entry strikes once, before any rule.
    pub script: Vec<ScriptEntry>,
}

/// A fault that strikes again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The fault.
    pub fault: Fault,
    /// Probability for a request that fits.
    #[serde(default = "always")]
    pub rate: f64,
    /// Only requests of this method, such as `POST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only requests of this path, such as `/get-block`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only from this height of the latest block on.
    #[serde(default, skip_serializing_if = "is_first")]
    pub from_height: u32,
    /// Only up to this height, inclusive.
    #[serde(default = "any_height", skip_serializing_if = "is_last")]
    pub to_height: u32,
    /// At most so often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
}

/// A fault that strikes once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptEntry {
    /// The fault.
    pub fault: Fault,
    /// With the first request that fits while the latest block has at least this height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_height: Option<u32>,
    /// With the first request that fits from this one on; they are counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_request: Option<u64>,
    /// Only with a request of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only with a request of this path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// Why a file is not a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Not JSON, or a key twice.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Not of this shape.
    #[error("{path} is not as a fault plan must be")]
    Shape {
        /// Where, such as `rules[0].rate`.
        path: String,
        /// Fault of the plan.
        source: serde_json::Error,
    },
    /// A rate that is not a probability.
    #[error("rules[{index}].rate: {rate} is not between 0 and 1")]
    Rate {
        /// The rule, from 0.
        index: usize,
        /// Rate of the rule.
        rate: f64,
    },
    /// A clock so far off that no date can be written.
    #[error(
        "{place}.fault.clock_skew.ms: {ms} is not between -{CLOCK_SKEW_MS_MAX} and {CLOCK_SKEW_MS_MAX}, which is ten years"
    )]
    ClockSkew {
        /// Where, such as `rules[0]`.
        place: String,
        /// Measure of the fault.
        ms: i64,
    },
    /// A rule that can never strike.
    #[error("rules[{index}]: from_height is above to_height")]
    Heights {
        /// The rule, from 0.
        index: usize,
    },
}

impl FaultPlan {
    /// Reads the JSON of a plan.
    ///
    /// # Errors
    /// Not JSON, an unknown key, a key twice, a wrong type, a rate that is not a probability, an empty range of heights, or a clock that is off
    /// too far.
    pub fn parse(json: &str) -> Result<Self, PlanError> {
        let plan: Self =
            serde_path_to_error::deserialize(json_text::parse(json)?).map_err(|error| {
                PlanError::Shape {
                    path: error.path().to_string(),
                    source: error.into_inner(),
                }
            })?;
        for (index, rule) in plan.rules.iter().enumerate() {
            if !(0.0..=1.0).contains(&rule.rate) {
                let rate = rule.rate;
                return Err(PlanError::Rate { index, rate });
            }
            if rule.from_height > rule.to_height {
                return Err(PlanError::Heights { index });
            }
            check_clock_skew(&rule.fault, || format!("rules[{index}]"))?;
        }
        for (index, entry) in plan.script.iter().enumerate() {
            check_clock_skew(&entry.fault, || format!("script[{index}]"))?;
        }
        Ok(plan)
    }
}

impl Rule {
    /// A rule for every request.
    pub fn new(fault: Fault, rate: f64) -> Self {
        Self {
            fault,
            rate,
            method: None,
            path: None,
            from_height: 0,
            to_height: u32::MAX,
            count: None,
        }
    }

    pub(super) fn fits(&self, request: &Request<'_>, height: u32) -> bool {
        (self.from_height..=self.to_height).contains(&height)
            && is_of(request, self.method.as_deref(), self.path.as_deref())
            && self.fault.can_befall(request)
    }
}

impl ScriptEntry {
    /// Strikes with the next request.
    pub fn next(fault: Fault) -> Self {
        Self {
            fault,
            at_height: None,
            at_request: None,
            method: None,
            path: None,
        }
    }

    pub(super) fn is_due(&self, request: &Request<'_>, height: u32, num_requests: u64) -> bool {
        self.at_height.is_none_or(|at| at <= height)
            && self.at_request.is_none_or(|at| at <= num_requests)
            && is_of(request, self.method.as_deref(), self.path.as_deref())
            && self.fault.can_befall(request)
    }
}

fn check_clock_skew(fault: &Fault, place: impl FnOnce() -> String) -> Result<(), PlanError> {
    match *fault {
        Fault::ClockSkew { ms } if !(-CLOCK_SKEW_MS_MAX..=CLOCK_SKEW_MS_MAX).contains(&ms) => {
            let place = place();
            Err(PlanError::ClockSkew { place, ms })
        }
        _ => Ok(()),
    }
}

fn is_of(request: &Request<'_>, method: Option<&str>, path: Option<&str>) -> bool {
    method.is_none_or(|method| method == request.method)
        && path.is_none_or(|path| path == request.path())
}

fn always() -> f64 {
    1.0
}

fn any_height() -> u32 {
    u32::MAX
}

fn is_first(height: &u32) -> bool {
    *height == 0
}

fn is_last(height: &u32) -> bool {
    *height == any_height()
}
