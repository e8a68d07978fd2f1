//! From scores to what is sent (section 3.6, steps 3 to 5). Pure.

use std::collections::BTreeMap;

use horde_calc::weights::{
    CommitError, ProcessError, UidWeights, WeightLimits, WeightsCommit, process_weights,
    quantize_for_commit, quantize_for_set, weights_by_uid,
};

use crate::config::Mode;
use crate::intent::{Salt, UidValues, Way};
use crate::rules::Rules;

/// What weights are made of.
pub(crate) struct Basis<'a> {
    /// By hotkey; from 0 to 1e33, unless a version before that bound stored them.
    pub(crate) scores: &'a BTreeMap<String, f64>,
    /// Those of the current neurons, in the order of uids, from 0.
    pub(crate) hotkeys: &'a [String],
    pub(crate) limits: WeightLimits,
    pub(crate) rules: &'a Rules,
    /// Public key of this validator.
    pub(crate) account: &'a [u8; 32],
    /// 64 random bits, for the salt of a commitment.
    pub(crate) random: u64,
}

/// Weights, and what an operator should know of them.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) way: Way,
    /// Hotkeys with a score that are not registered.
    pub(crate) unregistered: usize,
    /// Neurons with a score above 0.
    pub(crate) scored: usize,
    /// Neurons that get a weight.
    pub(crate) weighted: usize,
}

/// Why there are no weights to send.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum PlanError {
    /// Scores that weights cannot be made of.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Weights that cannot be committed to.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// The weights that these scores lead to.
///
/// # Errors
///
/// [`PlanError`] if they are not those of a subnet.
pub(crate) fn plan(basis: &Basis<'_>) -> Result<Planned, PlanError> {
    let by_uid = weights_by_uid(basis.scores, basis.hotkeys);
    let scored = by_uid.weights.iter().filter(|weight| **weight > 0.0);
    let (scored, unregistered) = (scored.count(), by_uid.unregistered.len());
    let weights = process_weights(&by_uid.weights, basis.limits)?;
    let weighted = weights.uids.len();
    let way = match basis.rules.mode {
        Mode::Pylon => pylon(weights, basis.hotkeys),
        Mode::Direct => direct(&weights, basis.rules),
        Mode::CommitReveal => commit(weights, basis)?,
    };
    Ok(Planned {
        way,
        unregistered,
        scored,
        weighted,
    })
}

fn pylon(weights: UidWeights, hotkeys: &[String]) -> Way {
    let hotkey = |uid: u16| hotkeys.get(usize::from(uid)).cloned();
    let pairs = weights.uids.into_iter().zip(weights.weights);
    let pairs = pairs.filter_map(|(uid, weight)| Some((hotkey(uid)?, weight)));
    let weights = pairs.collect();
    Way::Pylon { weights }
}

fn direct(weights: &UidWeights, rules: &Rules) -> Way {
    let (uids, values) = quantize_for_set(weights);
    Way::Direct(UidValues {
        uids,
        values,
        version_key: rules.version_key,
    })
}

fn commit(weights: UidWeights, basis: &Basis<'_>) -> Result<Way, CommitError> {
    let Rules {
        netuid,
        version_key,
        max_weight,
        ..
    } = *basis.rules;
    let values = quantize_for_commit(&weights.weights, max_weight);
    // The salt of the earlier validator: 8 random bytes as numbers.
    let salt = basis.random.to_le_bytes().map(u16::from).to_vec();
    let commit = WeightsCommit {
        netuid,
        uids: weights.uids,
        values,
        salt,
        version_key,
    };
    let hash = commit.hash(basis.account)?;
    let digits = hash.iter().map(|byte| format!("{byte:02x}"));
    let WeightsCommit {
        uids, values, salt, ..
    } = commit;
    Ok(Way::Commit {
        commit_hash: format!("0x{}", digits.collect::<String>()),
        values: UidValues {
            uids,
            values,
            version_key,
        },
        salt: Salt(salt),
    })
}
