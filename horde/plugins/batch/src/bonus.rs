//! The counts of the batch before, with which a manifest is compared (section 10.4).

use horde_calc::schedule::CYCLE_BLOCKS;
use horde_calc::score::PreviousCount;
use horde_events::{BatchEnd, BatchReport, ClassReport};
use horde_proto::ExecutorClass;

use crate::offers::ClassOffer;
use crate::score::Column;

/// How many executors of a miner and class were online. A job that was not made, excused or interrupted, which is not the miner's doing,
/// leaves open whether its executor was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Online {
    least: u64,
    most: u64,
    /// Executors in the manifest.
    announced: u64,
    /// So many of them the limits of the batch let be tested, those of users' jobs included.
    due: u64,
}

impl Online {
    fn from_report(row: &ClassReport) -> Self {
        let unmade = row.tested.unwrap_or(row.jobs).saturating_sub(row.jobs);
        let right = u64::from(row.right);
        let user_jobs = u64::from(row.user_jobs);
        let open = u64::from(row.excused) + u64::from(row.interrupted) + u64::from(unmade);
        // A report of an earlier version does not say how many were tested, and has users' jobs beyond the limits.
        let is_earlier = row.tested.is_none();
        Self {
            least: right + if is_earlier { 0 } else { user_jobs },
            most: right + user_jobs + open,
            announced: u64::from(row.announced),
            due: u64::from(row.tested.unwrap_or(row.jobs)) + user_jobs,
        }
    }

    /// Adds an executor that got a job.
    pub(crate) fn add_job(&mut self, column: Column) {
        let is_right = column == Column::Right;
        let is_open = matches!(column, Column::Excused | Column::Interrupted);
        self.least += u64::from(is_right);
        self.most += u64::from(is_right || is_open);
    }

    /// Adds what is known of the executors without a job: `user_jobs` ran users' jobs, and others were to be tested, but of those only
    /// `jobs` got one.
    pub(crate) fn add_offer(&mut self, offer: &ClassOffer, user_jobs: u32, jobs: u32) {
        let unmade = offer.tested.saturating_sub(jobs);
        self.least += u64::from(user_jobs);
        self.most += u64::from(user_jobs) + u64::from(unmade);
        self.announced = u64::from(offer.announced);
        self.due = u64::from(offer.tested) + u64::from(user_jobs);
    }

    /// The counts for a comparison with another batch. Limits that have moved are not the miner's doing: executors that this batch left
    /// out, and the limits of the other one would not have, are open.
    fn for_comparison(self, other: Self) -> Self {
        let left_out = self.announced.min(other.due).saturating_sub(self.due);
        Self {
            most: self.most + left_out,
            ..self
        }
    }

    /// The possible number that is nearest to another one.
    fn nearest(self, number: u64) -> u64 {
        number.clamp(self.least, self.most)
    }
}

/// How many executors of a miner and class answered rightly, or ran users' jobs: in the cycle before, which is the newest batch that was
/// finished in an earlier cycle, if that is the one before, and in this one. A batch without a cycle is compared with nothing, and nothing
/// with it.
pub(crate) fn compared_counts(
    finished: &[BatchReport],
    cycle_start: Option<u64>,
    hotkey: &str,
    class: ExecutorClass,
    current: Online,
) -> (PreviousCount, u64) {
    let Some(previous) = previous_batch(finished, cycle_start) else {
        return (PreviousCount::NoBatch, current.least);
    };
    let miner = previous.miners.iter().find(|miner| miner.hotkey == hotkey);
    let classes = miner
        .map(|miner| miner.classes.as_slice())
        .unwrap_or_default();
    match classes
        .iter()
        .find(|row| row.executor_class == class.as_str() && row.announced > 0)
    {
        Some(row) => {
            let before = Online::from_report(row);
            let (before, current) = (
                before.for_comparison(current),
                current.for_comparison(before),
            );
            // Of the possible numbers the two that differ least: a restart of the host must not look like a changed manifest.
            let previous = before.nearest(current.least);
            (PreviousCount::Known(previous), current.nearest(previous))
        }
        None => (PreviousCount::NotOffered, current.least),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(row: &ClassReport, numbers: [u64; 2]) -> [u64; 2] {
        numbers.map(|number| Online::from_report(row).nearest(number))
    }

    #[test]
    fn user_jobs_of_an_earlier_report_are_open() {
        let current = ClassReport {
            tested: Some(2),
            user_jobs: 1,
            jobs: 2,
            right: 2,
            ..ClassReport::default()
        };
        assert_eq!(nearest(&current, [2, 3]), [3, 3]);
        let mut stored = serde_json::to_value(&current).unwrap();
        stored.as_object_mut().unwrap().remove("tested");
        let earlier: ClassReport = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(nearest(&earlier, [2, 3]), [2, 3]);
        // A version that knows a number only, and to which somebody goes back, can read it.
        assert_eq!(serde_json::to_value(&earlier).unwrap(), stored);
    }

    #[test]
    fn row_of_users_jobs_alone_is_not_an_earlier_one() {
        let row = ClassReport {
            announced: 4,
            tested: Some(0),
            user_jobs: 4,
            ..ClassReport::default()
        };
        assert_eq!(nearest(&row, [2, 5]), [4, 4]);
    }
}
