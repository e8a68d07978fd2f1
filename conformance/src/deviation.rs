//! Where this repository differs on purpose from the original, and the law that holds instead (`deviations.json`).

use serde::Deserialize;

use crate::case::{Case, Original};

/// How much the fuel units of two engine profiles may differ in either direction.
pub(crate) const FUEL_FACTOR: u64 = 4;

/// A rule for a case without agreement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Law {
    /// The answer is an error.
    Error,
    /// The work is refused, or no nonce of it has a solution.
    NoSolution,
    /// The result of the algorithm is rejected because it is not an answer.
    BadResult,
    /// The module is refused because it uses a proposal of WASM that is switched off.
    UnsupportedModule,
    /// More fuel makes up for other fuel units: with a multiple of the fuel at least what the original reached is
    /// reached, with a fraction of it at most that.
    FuelUnits,
    /// The block is in the epoch after the one that is named, which ends before it.
    NextEpoch,
    /// The process prints no result, ends with this code, and its error begins with this text.
    Exit {
        /// Exit code.
        code: i32,
        /// Beginning of standard error.
        stderr: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deviation {
    /// Name of the file, or `*`.
    file: String,
    /// Kinds of cases; all if empty.
    #[serde(default)]
    kinds: Vec<String>,
    /// Behaviour of the original; any if absent.
    original: Option<Original>,
    law: Law,
    /// For the reader of the file.
    #[serde(rename = "reason")]
    _reason: String,
}

/// All deviations.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deviations {
    deviations: Vec<Deviation>,
}

impl Deviations {
    /// The deviations of this repository.
    pub(crate) fn load() -> Result<Self, serde_json::Error> {
        Self::parse(include_str!("../deviations.json"))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The laws that may hold for a case of `file` instead of agreement.
    pub(crate) fn laws<'a>(&'a self, file: &str, case: Case<'_>) -> impl Iterator<Item = &'a Law> {
        let applies = move |deviation: &&Deviation| {
            (deviation.file == "*" || deviation.file == file)
                && (deviation.kinds.is_empty()
                    || deviation.kinds.iter().any(|kind| kind == case.kind()))
                && deviation
                    .original
                    .is_none_or(|original| original == case.original())
        };
        self.deviations
            .iter()
            .filter(applies)
            .map(|deviation| &deviation.law)
    }
}
