//! The counts of the batch before, with which a manifest is compared (section 10.4).

use horde_calc::schedule::CYCLE_BLOCKS;
use horde_calc::score::PreviousCount;
use horde_events::{BatchEnd, BatchReport};
use horde_proto::ExecutorClass;

/// How many executors of a miner and class answered rightly, or ran users' jobs, in the cycle before: in the newest batch that was finished in an
/// earlier cycle, if that is the one before. A batch without a cycle is compared with nothing, and nothing with it.
pub(crate) fn previous_count(
    finished: &[BatchReport],
    cycle_start: Option<u64>,
    hotkey: &str,
    class: ExecutorClass,
) -> PreviousCount {
    let Some(previous) = previous_batch(finished, cycle_start) else {
        return PreviousCount::NoBatch;
    };
    let miner = previous.miners.iter().find(|miner| miner.hotkey == hotkey);
    let classes = miner
        .map(|miner| miner.classes.as_slice())
        .unwrap_or_default();
    match classes
        .iter()
        .find(|row| row.executor_class == class.as_str() && row.announced > 0)
    {
        Some(row) => PreviousCount::Known(u64::from(row.right) + u64::from(row.user_jobs)),
        None => PreviousCount::NotOffered,
    }
}

/// `finished` has the newest batch last.
fn previous_batch(finished: &[BatchReport], cycle_start: Option<u64>) -> Option<&BatchReport> {
    let own = cycle_start?;
    let before = own.checked_sub(u64::try_from(CYCLE_BLOCKS).ok()?)?;
    let earlier = |report: &&BatchReport| {
        report.end == BatchEnd::Stored && report.cycle_start.is_some_and(|start| start < own)
    };
    let newest = finished.iter().rev().find(earlier)?;
    (newest.cycle_start == Some(before)).then_some(newest)
}
