//! What the chain says of the weights.

use super::{Evidence, text};
use crate::horde::columns::number;
use crate::horde::demo::miner::{Spoils, spoils, vice};

/// Blocks behind the newest one from which on a block is final.
const FINALITY_BLOCKS: u64 = 3;

/// Weights were committed to and revealed for good: some for each honest miner, less for those that lie for language models, and none for
/// those that do nothing right.
pub(super) fn judge(evidence: Evidence<'_>) -> Result<String, String> {
    let look = evidence.look;
    let (Some(_), Some(reveal)) = (look.included("commit"), look.included("reveal")) else {
        return Err(describe(evidence));
    };
    if u64::from(look.block) < number(reveal, "block") + FINALITY_BLOCKS {
        return Err(describe(evidence));
    }
    let miners = evidence.hotkeys.iter().enumerate();
    let weights = miners.map(|(index, hotkey)| (index, look.revealed_weight(hotkey)));
    let weights: Vec<(usize, u64)> = weights
        .map(|(index, weight)| (index, weight.unwrap_or_default()))
        .collect();
    let all = |wanted| {
        let weights = weights.iter();
        weights.filter(move |(index, _)| spoils(*index) == wanted)
    };
    let honest = all(Spoils::Nothing).map(|(_, weight)| *weight);
    let least = honest.min().unwrap_or_default();
    let wrong = weights.iter().find(|(index, weight)| match spoils(*index) {
        Spoils::Nothing => *weight == 0,
        Spoils::Llm => *weight == 0 || *weight >= least,
        Spoils::All => *weight > 0,
    });
    if let Some((index, weight)) = wrong {
        return Err(format!(
            "miner {index} ({}) has the weight {weight}, honest ones have {least} or more",
            vice(*index)
        ));
    }
    let weighted = weights.iter().filter(|(_, weight)| *weight > 0).count();
    let liars = all(Spoils::Llm).map(|(_, weight)| *weight);
    Ok(format!(
        "revealed in block {}: {weighted} miners; liars have {} of {least}",
        number(reveal, "block"),
        liars.max().unwrap_or_default()
    ))
}

/// What the validator says.
fn describe(evidence: Evidence<'_>) -> String {
    let look = evidence.look;
    let Some(cycle) = look.last_weights() else {
        return format!(
            "no batch has weights; newest block {}, {}",
            look.block,
            text(&look.schedule["text"], "the host does not answer")
        );
    };
    let state = text(&cycle["state"], "unknown");
    let why = text(&cycle["waiting_for"], "nothing is waited for");
    let why = text(&cycle["end"]["reason"], why);
    format!("cycle {}: {state}, {why}", cycle["cycle_start"])
}
