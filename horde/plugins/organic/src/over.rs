//! Jobs that are over: kept so that a request that comes once more is known, and for the last hour's figures.

use std::collections::{BTreeMap, BTreeSet};

use horde_proto::facilitator::JobStatus;
use serde::{Deserialize, Serialize};

use crate::limits::{EVICTED_MAX, OVER_JOBS_MAX, OVER_KEPT_MS};

/// A job that is over.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Over {
    /// The one terminal status.
    pub(crate) status: JobStatus,
    /// When, in Unix milliseconds.
    pub(crate) at_ms: u64,
    /// The miner that had it last, if one had.
    pub(crate) hotkey: Option<String>,
    /// Miners that were tried.
    pub(crate) attempts: u32,
}

/// The jobs that are over, by the key of their record.
#[derive(Debug, Default)]
pub(crate) struct OverJobs {
    jobs: BTreeMap<String, Over>,
    order: BTreeSet<(u64, String)>,
}

impl OverJobs {
    pub(crate) fn insert(&mut self, key: String, over: Over) {
        self.order.insert((over.at_ms, key.clone()));
        self.jobs.insert(key, over);
    }

    pub(crate) fn contains(&self, key: &str) -> bool {
        self.jobs.contains_key(key)
    }

    /// Keys of records that are to be deleted now: the oldest, a bounded number.
    pub(crate) fn outdated(&self, now_ms: u64) -> Vec<String> {
        let excess = self.jobs.len().saturating_sub(OVER_JOBS_MAX);
        let oldest = self.order.iter().enumerate();
        // A time in the future was written by a clock that was ahead.
        let outdated = oldest.filter(|(index, (at_ms, _))| {
            *index < excess || now_ms.abs_diff(*at_ms) > OVER_KEPT_MS
        });
        let keys = outdated.map(|(_, (_, key))| key.clone());
        keys.take(EVICTED_MAX).collect()
    }

    pub(crate) fn remove(&mut self, key: &str) {
        if let Some(over) = self.jobs.remove(key) {
            self.order.remove(&(over.at_ms, key.to_owned()));
        }
    }

    /// Jobs that have ended in this time, by their status.
    pub(crate) fn count_since(&self, since_ms: u64) -> BTreeMap<&'static str, u32> {
        let statuses = [JobStatus::Completed, JobStatus::Failed, JobStatus::Rejected];
        let mut counts: BTreeMap<_, _> = statuses.map(|status| (status.as_str(), 0)).into();
        for (_, key) in self.order.range((since_ms, String::new())..) {
            if let Some(over) = self.jobs.get(key) {
                *counts.entry(over.status.as_str()).or_default() += 1;
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(at_ms: u64, status: JobStatus) -> Over {
        Over {
            status,
            at_ms,
            hotkey: None,
            attempts: 0,
        }
    }

    #[test]
    fn old_jobs_are_outdated() {
        let mut jobs = OverJobs::default();
        jobs.insert("a".to_owned(), over(1, JobStatus::Failed));
        jobs.insert("b".to_owned(), over(2, JobStatus::Failed));
        let now_ms = OVER_KEPT_MS + 2;
        assert_eq!(jobs.outdated(now_ms), ["a"]);
        jobs.remove("a");
        assert!(jobs.outdated(now_ms).is_empty());
        assert!(jobs.contains("b") && !jobs.contains("a"));
    }

    #[test]
    fn number_of_jobs_is_bounded() {
        let mut jobs = OverJobs::default();
        for number in 0..=OVER_JOBS_MAX as u64 {
            jobs.insert(format!("{number:05}"), over(number, JobStatus::Failed));
        }
        assert_eq!(jobs.outdated(10), ["00000"]);
    }

    #[test]
    fn last_hour_is_counted_by_status() {
        let mut jobs = OverJobs::default();
        jobs.insert("a".to_owned(), over(1, JobStatus::Completed));
        jobs.insert("b".to_owned(), over(2, JobStatus::Completed));
        jobs.insert("c".to_owned(), over(3, JobStatus::Rejected));
        let counts = jobs.count_since(2);
        assert_eq!(counts["completed"] + counts["rejected"], 2);
        assert_eq!(counts["failed"], 0);
    }
}
