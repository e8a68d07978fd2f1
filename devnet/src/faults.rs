//! Faults between a client and the network: a decision per request, deterministic from a seed.
//!
//! Invariant: no I/O and no waiting. An [`Outcome`] says what the client sees and when; the HTTP server and a
//! simulation carry it out alike. The page and requests under `/devnet/` are never disturbed.

mod kind;
mod outcome;
mod plan;

pub use kind::Fault;
pub use outcome::Outcome;
pub use plan::{FaultPlan, PlanError, Rule, ScriptEntry};
use tig_protocol::rng::{ChaCha12, Rng as _};

use crate::Api;
use crate::api::Request;

/// Rules and script entries that [`Faults::add`] lets there be.
pub const FAULTS_MAX: usize = 1_000;

/// There are as many faults as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there would be more than {FAULTS_MAX} rules and script entries: clear them first")]
pub struct TooManyFaults;

/// Decides what goes wrong: first the script, then the first rule that fits and whose die falls so.
#[derive(Debug, Clone)]
pub struct Faults {
    plan: FaultPlan,
    /// How often each rule has struck.
    struck: Vec<u32>,
    /// Which entries of the script are done.
    done: Vec<bool>,
    num_requests: u64,
    rng: ChaCha12,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::new(FaultPlan::default())
    }

    /// The faults of `plan`.
    pub fn new(plan: FaultPlan) -> Self {
        Self {
            struck: vec![0; plan.rules.len()],
            done: vec![false; plan.script.len()],
            num_requests: 0,
            rng: ChaCha12::seed_from_u64(plan.seed),
            plan,
        }
    }

    /// Adds a fault for the next request that it can befall.
    pub fn inject(&mut self, fault: Fault) {
        self.plan.script.push(ScriptEntry::next(fault));
        self.done.push(false);
    }

    /// Lets go wrong what `plan` says, too; the dice begin anew from its seed.
    ///
    /// # Errors
    /// There would be more than [`FAULTS_MAX`]; nothing is added then.
    pub fn add(&mut self, plan: FaultPlan) -> Result<(), TooManyFaults> {
        let mut done = std::mem::take(&mut self.done).into_iter();
        self.plan.script.retain(|_| !done.next().unwrap_or(false));
        self.done = vec![false; self.plan.script.len()];
        let number = |plan: &FaultPlan| plan.rules.len() + plan.script.len();
        if number(&self.plan) + number(&plan) > FAULTS_MAX {
            return Err(TooManyFaults);
        }
        self.plan.script.extend(plan.script);
        self.done = vec![false; self.plan.script.len()];
        self.struck.extend(plan.rules.iter().map(|_| 0));
        self.plan.rules.extend(plan.rules);
        self.rng = ChaCha12::seed_from_u64(plan.seed);
        Ok(())
    }

    /// Answers `request` unless something goes wrong, and then does that.
    pub fn serve(&mut self, api: &mut Api, request: &Request<'_>) -> Outcome {
        match self.decide(request, api.network().height()) {
            None => Outcome::at_once(api.answer(request)),
            Some(fault) => fault.befall(api, request),
        }
    }

    /// The fault of `request`, which arrives while the latest block has `height`. To be asked once per request.
    pub fn decide(&mut self, request: &Request<'_>, height: u32) -> Option<Fault> {
        if request.is_own() {
            return None;
        }
        self.num_requests += 1;
        self.scripted(request, height)
            .or_else(|| self.ruled(request, height))
    }

    fn scripted(&mut self, request: &Request<'_>, height: u32) -> Option<Fault> {
        let due = |(entry, done): (&ScriptEntry, &bool)| {
            !done && entry.is_due(request, height, self.num_requests)
        };
        let index = self.plan.script.iter().zip(&self.done).position(due)?;
        self.done[index] = true;
        Some(self.plan.script[index].fault.clone())
    }

    fn ruled(&mut self, request: &Request<'_>, height: u32) -> Option<Fault> {
        for (rule, struck) in self.plan.rules.iter().zip(&mut self.struck) {
            let left = rule.count.is_none_or(|count| *struck < count);
            if left && rule.fits(request, height) && self.rng.unit_f64() < rule.rate {
                *struck += 1;
                return Some(rule.fault.clone());
            }
        }
        None
    }
}
