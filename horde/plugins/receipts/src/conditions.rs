//! Conditions of receipts, for operators. Pure.

use horde_extension::shown;
use tig_plugin_api::{Condition, ReportedConditions, Severity};

use crate::Receipts;
use crate::judge::KEPT_MS;
use crate::miner::Miner;

/// Miners that have a condition each; the rest share one that states their number.
const MINERS_NAMED_COUNT_MAX: usize = 10;

/// Failures in a row that are normal: with the pauses between them a miner was away for some minutes. A command begins to count anew, so a
/// miner that nothing else asks is never above.
const FAILURES_TOLERATED: u32 = 2;

/// All that is so now.
pub(crate) fn present(
    receipts: &Receipts,
    now_ms: u64,
    reported: &ReportedConditions,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    conditions.extend(other_validator(receipts, now_ms));
    conditions.extend(failing(receipts, reported));
    conditions
}

/// A receipt that was found out counts for as long as receipts are kept. Its job and miner are not in the text: they differ from batch to
/// batch, and the route has them.
fn other_validator(receipts: &Receipts, now_ms: u64) -> Option<Condition> {
    let found = receipts.other_validator.as_ref()?;
    // A time in the future was written by a clock that was ahead.
    if now_ms.abs_diff(found.found_ms) >= KEPT_MS {
        return None;
    }
    let text = "another validator signs with this hotkey: miners serve receipts that this one has not signed";
    let condition = Condition::new("hotkey_used_elsewhere", Severity::Critical, text);
    Some(condition.with_remedy(
        "stop one of the two; `other_validator` of GET /horde/receipts names job and miner of the last receipt. The condition ends two days later",
    ))
}

fn failing(receipts: &Receipts, reported: &ReportedConditions) -> Vec<Condition> {
    const REMEDY: &str = "nothing, if the miner is away; if it is so of all miners, check the network of this machine";
    let miners = receipts.miners.iter();
    let failing = miners.filter(|(_, miner)| miner.failures > FAILURES_TOLERATED);
    let condition = |(hotkey, miner): (&String, &Miner)| {
        let reason = shown(miner.last_fault.as_deref().unwrap_or("unknown"));
        let text = format!("receipts of miner {hotkey} cannot be fetched: {reason}");
        let condition = Condition::new("receipts_failing", Severity::Info, text);
        condition.about(hotkey.as_str()).with_remedy(REMEDY)
    };
    let conditions = failing.map(condition).collect();
    reported.bounded(conditions, MINERS_NAMED_COUNT_MAX, |rest| {
        format!("receipts of {} more miners cannot be fetched", rest.len())
    })
}
