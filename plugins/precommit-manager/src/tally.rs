//! What happened since the last block, for one line of the log.

use std::fmt::Display;

use tig_events::{Fleet, Throughput};
use tig_protocol::PreciseNumber;

use crate::plan::Plan;
use crate::reason::Hold;

/// Challenges whose reasons stand in the line.
const REASONS_COUNT_MAX: usize = 3;

/// Counted since the last block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Submissions of all kinds that the API has accepted.
    pub(crate) accepted: u64,
    /// Failed ones that are sent again.
    pub(crate) retried: u64,
    /// Failed ones that are not.
    pub(crate) failed: u64,
    /// Precommits that were made, and their fees.
    pub(crate) precommits: u64,
    pub(crate) fees: PreciseNumber,
}

impl Tally {
    pub(crate) fn add_failure(&mut self, will_retry: bool) {
        if will_retry {
            self.retried += 1;
        } else {
            self.failed += 1;
        }
    }

    pub(crate) fn add_precommit(&mut self, fee: PreciseNumber) {
        self.precommits += 1;
        self.fees = self.fees.checked_add(fee).unwrap_or(self.fees);
    }

    /// `block 1270245  jobs 9  slaves 14 (98% busy)  batches/min 41  submitted ok 3 retry 0  fee 0.012  why idle: -`, with a
    /// dash for what is not known.
    pub(crate) fn line(
        &self,
        height: u32,
        throughput: &Throughput,
        fleet: Option<&Fleet>,
        idle: &str,
    ) -> String {
        let jobs = or_dash(throughput.jobs);
        let rate = or_dash(throughput.batches_per_minute.map(f64::round));
        // Those that ask for work are known better than those that have delivered some.
        let slaves = fleet.map(|fleet| fleet.slaves);
        let slaves = or_dash(slaves.or(throughput.slaves));
        let busy = fleet.and_then(|fleet| fleet.busy_share);
        let busy = busy.map_or(String::new(), |share| {
            format!(" ({:.0}% busy)", share * 100.0)
        });
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(" failed {failed}"),
        };
        let (accepted, retried) = (self.accepted, self.retried);
        let fee = rounded(self.fees.to_f64());
        format!(
            "block {height}  jobs {jobs}  slaves {slaves}{busy}  batches/min {rate}  \
             submitted ok {accepted} retry {retried}{failed}  fee {fee}  why idle: {idle}"
        )
    }

    /// Why nothing was precommitted since the last block, in codes.
    pub(crate) fn idle(&self, plan: Option<&Plan<'_>>, hold: Hold) -> String {
        let pauses_by_config = plan.is_some_and(|plan| plan.config.max_precommits_per_block == 0);
        let belongs_to_blocks = match hold {
            Hold::NoBlock | Hold::Waiting => true,
            Hold::BlockIsFull => !pauses_by_config,
            _ => false,
        };
        if self.precommits > 0 || belongs_to_blocks {
            return "-".to_owned();
        }
        let reasons = plan.filter(|_| hold == Hold::NoCandidate);
        let reasons = reasons.map(|plan| plan.all_reasons()).unwrap_or_default();
        if reasons.is_empty() {
            return hold.code().to_owned();
        }
        let shown = reasons.iter().take(REASONS_COUNT_MAX);
        let mut texts: Vec<String> = shown
            .map(|(name, reason)| format!("{name} {}", reason.code()))
            .collect();
        if reasons.len() > REASONS_COUNT_MAX {
            texts.push(format!("{} more", reasons.len() - REASONS_COUNT_MAX));
        }
        texts.join(", ")
    }
}

fn or_dash(value: Option<impl Display>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

/// To a millionth.
fn rounded(amount: f64) -> f64 {
    (amount * 1e6).round() / 1e6
}
