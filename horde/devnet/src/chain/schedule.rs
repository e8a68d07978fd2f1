//! Weights by hotkey that the service was asked to set (`PUT /weights`): by whatever way the chain has, some blocks later, and
//! again at each block while the chain refuses, until the epoch is over (section 5.2).

use std::collections::BTreeMap;

use horde_calc::schedule::epoch;
use horde_calc::weights::{
    ProcessError, WeightLimits, process_weights, quantize_for_set, weights_by_uid,
};

use super::extrinsic::{Extrinsic, Refusal, WeightVector};
use super::state::State;

/// The version that Pylon gives to weights.
const VERSION_KEY: u64 = 0;

/// Weights that are to be set.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Its entry in the journal.
    pub(super) number: u64,
    pub(super) hotkey: String,
    weights: BTreeMap<String, f64>,
    due_block: u32,
    /// The first block that is too late.
    stop_block: i64,
    /// Why the chain has refused it last; the journal has each reason once.
    pub(super) refusal: Option<Refusal>,
}

impl Job {
    pub(super) fn new(
        number: u64,
        hotkey: &str,
        weights: BTreeMap<String, f64>,
        due_block: u32,
        netuid: u16,
    ) -> Self {
        Self {
            number,
            hotkey: hotkey.to_owned(),
            weights,
            due_block,
            stop_block: epoch(due_block, netuid).stop,
            refusal: None,
        }
    }

    pub(super) fn is_due(&self, block: u32) -> bool {
        block >= self.due_block
    }

    pub(super) fn is_over(&self, block: u32) -> bool {
        i64::from(block) >= self.stop_block
    }

    /// What sets the weights on a chain in this state.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] if the weights cannot be those of a subnet.
    pub(super) fn extrinsic(&self, state: &State) -> Result<Extrinsic, ProcessError> {
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
