//! Batches as the validator reports them.

use horde_events::{BatchEnd, ClassReport, MinerReport};

use super::jobs::{Counts, Fault, Jobs};
use super::{Ended, KnownMiner};

/// Jobs of a miner in a batch, over all classes.
#[derive(Debug, Default)]
struct Sums {
    jobs: u64,
    right: u64,
    /// Excused or interrupted, so it counts as not tested.
    spared: u64,
    /// What costs the miner something.
    blamed: u64,
    /// The part of it that the miner has declined.
    declined: u64,
}

impl Sums {
    fn of(report: &MinerReport) -> Self {
        let mut sums = Self::default();
        for class in &report.classes {
            sums.add(class);
        }
        sums
    }

    fn add(&mut self, class: &ClassReport) {
        self.jobs += u64::from(class.jobs);
        self.right += u64::from(class.right);
        self.declined += u64::from(class.declined);
        self.spared += [class.excused, class.interrupted]
            .map(u64::from)
            .iter()
            .sum::<u64>();
        self.blamed += [
            class.wrong,
            class.failed,
            class.declined,
            class.late,
            class.unreachable,
        ]
        .map(u64::from)
        .iter()
        .sum::<u64>();
    }
}

/// Checks the result of a batch.
pub(super) fn check(miners: &[KnownMiner], jobs: &Jobs, ended: Ended<'_>) -> Result<(), Fault> {
    check_end(miners, ended)?;
    if ended.report.miners.len() != miners.len() {
        let text = format!("{} of {}", ended.report.miners.len(), miners.len());
        return Err(("every miner of a batch is in its result", text));
    }
    for report in &ended.report.miners {
        let found = miners
            .iter()
            .position(|miner| miner.hotkey == report.hotkey);
        let Some(index) = found else {
            let text = format!("{} is nobody", report.hotkey);
            return Err(("every miner of a batch is in its result", text));
        };
        let counts = jobs.counts(index, ended.number);
        check_miner(&miners[index], counts, ended, report)
            .map_err(|(property, text)| (property, format!("miner {index}: {text}")))?;
    }
    Ok(())
}

/// A batch in which a miner can be tested is run to its end.
fn check_end(miners: &[KnownMiner], ended: Ended<'_>) -> Result<(), Fault> {
    let is_testable = |miner: &KnownMiner| {
        let profile = &miner.profile;
        profile.is_steady() && profile.executors.values().any(|count| *count > 0)
    };
    let end = ended.report.end;
    let is_right = match end {
        BatchEnd::Stored => true,
        BatchEnd::NoManifest | BatchEnd::NoExecutor => !miners.iter().any(is_testable),
        BatchEnd::NoJob | BatchEnd::TimedOut | BatchEnd::Damaged => false,
    };
    match is_right {
        true => Ok(()),
        false => Err(("a batch runs to its end", end.name().to_owned())),
    }
}

fn check_miner(
    miner: &KnownMiner,
    counts: Counts,
    ended: Ended<'_>,
    report: &MinerReport,
) -> Result<(), Fault> {
    let sums = Sums::of(report);
    if sums.jobs != sums.right + sums.spared + sums.blamed {
        return Err(("each job has one outcome", format!("{report:?}")));
    }
    if counts.reserved > sums.jobs {
        let text = format!("{counts:?}: {report:?}");
        return Err(("each job that was reserved is in the result", text));
    }
    if !miner.profile.is_steady() {
        return Ok(());
    }
    // An executor that is still held for an interrupted job is not free, and only its miner can let it go.
    let held = if ended.is_held { sums.declined } else { 0 };
    if sums.blamed > held {
        return Err(("no miner is blamed that did well", format!("{report:?}")));
    }
    let announced = miner.profile.executors.values().copied().map(u64::from);
    let (whole, all) = (
        announced.sum::<u64>(),
        Counts {
            reserved: sums.jobs,
            finished: sums.jobs,
        },
    );
    let is_whole = sums.right == whole && counts == all;
    if !ended.is_killed && held == 0 && !is_whole {
        let text = format!("{counts:?}: {report:?}");
        return Err(("a miner that did well is right in each job", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use horde_devnet::Vices;
    use horde_events::BatchReport;
    use horde_proto::ExecutorClass;

    use super::*;
    use crate::scenario::MinerProfile;

    /// Both jobs of the miner were reserved, and got their receipts.
    const ALL: Counts = Counts {
        reserved: 2,
        finished: 2,
    };

    fn miner(vices: &[&str]) -> KnownMiner {
        KnownMiner {
            hotkey: "h".to_owned(),
            profile: MinerProfile {
                executors: [(ExecutorClass::AlwaysOnGpu24Gb, 2)].into(),
                vices: Vices::parse(vices).unwrap(),
                travel_ms: (0, 0),
                work_ms_max: 1,
                refusal_percent: 0,
                is_unsteady: false,
            },
        }
    }

    fn class(right: u32, interrupted: u32) -> ClassReport {
        ClassReport {
            jobs: 2,
            right,
            interrupted,
            ..ClassReport::default()
        }
    }

    /// The property that does not hold, of a miner in a batch, perhaps with a kill.
    fn fault(
        miner: &KnownMiner,
        (counts, is_killed, is_held): (Counts, bool, bool),
        class: ClassReport,
    ) -> Option<&'static str> {
        let miner_report = MinerReport {
            hotkey: "h".to_owned(),
            host: String::new(),
            port: 1,
            no_link: None,
            classes: vec![class],
        };
        let report = BatchReport {
            number: 1,
            batch: String::new(),
            end: BatchEnd::Stored,
            started_ms: 0,
            ended_ms: 1,
            cycle_start: None,
            weights_version: 1,
            notes: Vec::new(),
            miners: Vec::new(),
        };
        let ended = Ended {
            number: 1,
            is_killed,
            is_held,
            report: &report,
        };
        let checked = check_miner(miner, counts, ended, &miner_report);
        checked.err().map(|(property, _)| property)
    }

    #[test]
    fn honest_miner_is_right_or_interrupted_by_a_kill() {
        let honest = miner(&[]);
        assert_eq!(fault(&honest, (ALL, false, false), class(2, 0)), None);
        assert_eq!(fault(&honest, (ALL, true, false), class(1, 1)), None);
        let not_right = Some("a miner that did well is right in each job");
        assert_eq!(fault(&honest, (ALL, false, false), class(1, 1)), not_right);
        let fewer = Counts { finished: 1, ..ALL };
        assert_eq!(
            fault(&honest, (fewer, false, false), class(2, 0)),
            not_right
        );
        let late = || ClassReport {
            late: 1,
            ..class(1, 0)
        };
        let blamed = Some("no miner is blamed that did well");
        assert_eq!(fault(&honest, (ALL, true, true), late()), blamed);
        let vicious = miner(&["slow:1000"]);
        assert_eq!(fault(&vicious, (ALL, false, false), late()), None);
    }

    #[test]
    fn honest_miner_with_held_executors_may_decline() {
        let declined = || ClassReport {
            declined: 1,
            ..class(1, 0)
        };
        let honest = miner(&[]);
        assert_eq!(fault(&honest, (ALL, false, true), declined()), None);
        let blamed = Some("no miner is blamed that did well");
        assert_eq!(fault(&honest, (ALL, false, false), declined()), blamed);
    }

    #[test]
    fn job_without_outcome_or_beyond_the_result_is_found() {
        let vicious = miner(&["declines"]);
        let lost = Some("each job has one outcome");
        assert_eq!(fault(&vicious, (ALL, true, false), class(1, 0)), lost);
        let more = Counts { reserved: 3, ..ALL };
        let beyond = Some("each job that was reserved is in the result");
        assert_eq!(fault(&vicious, (more, true, false), class(2, 0)), beyond);
    }
}
