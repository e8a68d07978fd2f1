//! Weights by hotkey that the service was asked to set (`PUT /weights`): by whatever way the chain has, some blocks later, and
//! again at each block while the chain refuses, until the epoch is over (section 5.2).

use std::collections::BTreeMap;

use horde_calc::schedule::epoch;
use horde_calc::weights::{
    ProcessError, WeightLimits, process_weights, quantize_for_set, weights_by_uid,
};

use super::extrinsic::{Extrinsic, Refusal, WeightVector};
use super::journal::{Asked, Journal, Outcome};
use super::state::State;

/// The version that Pylon gives to weights.
const VERSION_KEY: u64 = 0;

/// Weights that are to be set.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Its entry in the journal.
    pub(super) number: u64,
    pub(super) hotkey: String,
    pub(super) weights: BTreeMap<String, f64>,
    pub(super) due_block: u32,
    /// Why the chain has refused it last; the journal has each reason once.
    pub(super) refusal: Option<Refusal>,
}

/// All that wait; one for each hotkey.
#[derive(Debug, Default)]
pub(super) struct Jobs(Vec<Job>);

impl Jobs {
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds a job, in place of the one that waits for the same hotkey. `block` is the newest one.
    pub(super) fn add(&mut self, job: Job, block: u32, journal: &mut Journal) {
        self.0.retain(|other| {
            let is_other = other.hotkey != job.hotkey;
            if !is_other {
                journal.set_outcome(other.number, Outcome::GivenUp { block });
            }
            is_other
        });
        self.0.push(job);
    }

    /// Tries to set the weights of all jobs whose time has come; those that the chain refuses stay.
    pub(super) fn attempt(
        &mut self,
        state: &mut State,
        block: u32,
        netuid: u16,
        journal: &mut Journal,
    ) {
        self.0.retain_mut(|job| {
            if block < job.due_block {
                return true;
            }
            let stop_block = epoch(job.due_block, netuid).stop;
            let extrinsic = match job.extrinsic(state) {
                Ok(extrinsic) if i64::from(block) < stop_block => extrinsic,
                // Silently, as Pylon does.
                _ => {
                    journal.set_outcome(job.number, Outcome::GivenUp { block });
                    return false;
                }
            };
            let result = state.apply(&job.hotkey, &extrinsic, block);
            let outcome = match result {
                Ok(()) => Outcome::Included { block },
                Err(refusal) => Outcome::Refused { block, refusal },
            };
            if result.is_ok() || job.refusal != result.err() {
                let asked = Asked::extrinsic(&job.hotkey, &extrinsic, None);
                journal.note(asked, block.saturating_sub(1), outcome);
            }
            job.refusal = result.err();
            if result.is_ok() {
                journal.set_outcome(job.number, outcome);
            }
            result.is_err()
        });
    }
}

impl Job {
    /// What sets the weights on a chain in this state.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] if the weights cannot be those of a subnet.
    fn extrinsic(&self, state: &State) -> Result<Extrinsic, ProcessError> {
        let hotkeys: Vec<&str> = state.hotkeys().collect();
        let by_uid = weights_by_uid(&self.weights, &hotkeys);
        let limits = WeightLimits {
            count_min: state.rules.min_allowed_weights.into(),
            share_max: state.rules.max_weight_limit,
        };
        let weights = process_weights(&by_uid.weights, limits)?;
        let (uids, values) = quantize_for_set(&weights);
        let weights = WeightVector { uids, values };
        let version_key = VERSION_KEY;
        Ok(match state.rules.commit_reveal_weights_enabled {
            true => Extrinsic::TimelockedCommit {
                weights,
                version_key,
            },
            false => Extrinsic::Set {
                weights,
                version_key,
            },
        })
    }
}
