//! A group: jobs that are reserved so that all executors are ready at the same time, and run together (section 3.4 steps 5 and 7).

use std::sync::Arc;

use horde_proto::EXECUTOR_TIMEOUT_MAX;
use serde::{Deserialize, Serialize};

use crate::job::{Job, JobId, Phase};

/// Seconds that every executor is given to start (section 3.4).
pub(crate) const SPIN_UP_SECONDS_MIN: u32 = 2;
/// Seconds for which an executor can be reserved (section 2.0).
pub(crate) const SPIN_UP_SECONDS_MAX: u32 = 360;
/// Seconds that an executor is given, at least, to be ready for a user's job: it pulls an image that it may not have had before.
const ORGANIC_READY_SECONDS_MIN: u32 = 60;

/// A group with jobs under way.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Group {
    pub(crate) name: Arc<str>,
    pub(crate) is_organic: bool,
    /// Key of its record in the storage.
    pub(crate) key: String,
    /// When its reservation phase began, in Unix milliseconds.
    began_ms: u64,
    /// Milliseconds that the slowest class takes to start: X of the specification.
    spin_up_ms: u64,
    /// Its jobs, in the order in which they were asked for; those that are over are left out at times.
    pub(crate) jobs: Vec<JobId>,
    /// Jobs that are under way.
    pub(crate) left: usize,
    /// Jobs that are neither ready nor over.
    pub(crate) settling: usize,
    /// The requests to run are sent.
    pub(crate) has_run: bool,
    /// When its timer is due, in Unix milliseconds.
    pub(crate) timer_ms: u64,
}

impl Group {
    /// A group without jobs whose slowest class takes so many seconds to start.
    pub(crate) fn new(
        name: Arc<str>,
        is_organic: bool,
        key: String,
        began_ms: u64,
        spin_up_seconds: u32,
    ) -> Self {
        Self {
            name,
            is_organic,
            key,
            began_ms,
            spin_up_ms: u64::from(spin_up_seconds) * 1_000,
            jobs: Vec::new(),
            left: 0,
            settling: 0,
            has_run: false,
            timer_ms: u64::MAX,
        }
    }

    /// When a job is reserved whose executor takes so many seconds to start: so late that all are ready at the same time.
    pub(crate) fn reserve_at_ms(&self, spin_up_seconds: u32) -> u64 {
        let own_ms = u64::from(spin_up_seconds) * 1_000;
        self.began_ms + self.spin_up_ms.saturating_sub(own_ms)
    }

    /// Until when an executor must be ready that was accepted now: until X is over, but if the miner took long to accept, it has
    /// still the time that every executor is given.
    pub(crate) fn ready_by_ms(&self, now_ms: u64) -> u64 {
        let least_ms = now_ms + u64::from(SPIN_UP_SECONDS_MIN) * 1_000;
        least_ms.max(self.began_ms + self.spin_up_ms)
    }

    /// The deadline of a step. None of a user's job is later than the end of its time, in which all its steps have to fit
    /// (section 3.9).
    pub(crate) fn bound_ms(&self, timeout_seconds: u32, due_ms: u64) -> u64 {
        match self.is_organic {
            true => due_ms.min(self.began_ms + u64::from(timeout_seconds) * 1_000),
            false => due_ms,
        }
    }

    /// For how many seconds the receipt of a job counts that was accepted now: the longest reservation, or for a user's job what
    /// is left of its time (section 2.4).
    pub(crate) fn accepted_ttl_seconds(&self, timeout_seconds: u32, now_ms: u64) -> u64 {
        match self.is_organic {
            true => self.seconds_left(timeout_seconds, now_ms),
            false => EXECUTOR_TIMEOUT_MAX.as_secs(),
        }
    }

    /// Whole seconds that are left now of the time of a job.
    pub(crate) fn seconds_left(&self, timeout_seconds: u32, now_ms: u64) -> u64 {
        let elapsed_ms = now_ms.saturating_sub(self.began_ms);
        (u64::from(timeout_seconds) * 1_000).saturating_sub(elapsed_ms) / 1_000
    }

    /// A job has joined.
    pub(crate) fn add(&mut self, id: JobId) {
        self.jobs.push(id);
        self.left += 1;
        self.settling += 1;
    }

    /// A job is over.
    pub(crate) fn remove(&mut self, job: &Job) {
        self.left -= 1;
        self.settling -= usize::from(job.is_settling());
    }

    /// Whether all jobs have an end of the reservation phase, and the requests to run are not sent yet.
    pub(crate) fn can_run(&self) -> bool {
        !self.has_run && self.settling == 0
    }
}

/// Seconds that an executor is taken to need to start.
pub(crate) fn bounded_spin_up(seconds: u32) -> u32 {
    seconds.clamp(SPIN_UP_SECONDS_MIN, SPIN_UP_SECONDS_MAX)
}

/// Until when the executor of a user's job must be ready that was accepted now: nobody waits for it to be ready together with others.
pub(crate) fn organic_ready_ms(now_ms: u64, spin_up_seconds: u32) -> u64 {
    now_ms + u64::from(spin_up_seconds.max(ORGANIC_READY_SECONDS_MIN)) * 1_000
}

/// Whether the job's timer decides what happens to it, and not the group.
pub(crate) fn is_due(job: &Job, now_ms: u64) -> bool {
    job.due_ms <= now_ms && job.phase != Phase::Ready
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(spin_up_seconds: u32) -> Group {
        Group::new("g".into(), false, "k".to_owned(), 1_000, spin_up_seconds)
    }

    #[test]
    fn fast_executors_are_reserved_late() {
        assert_eq!(group(240).reserve_at_ms(240), 1_000);
        assert_eq!(group(240).reserve_at_ms(2), 239_000);
        assert_eq!(group(2).reserve_at_ms(2), 1_000);
    }

    #[test]
    fn late_accept_leaves_time_to_get_ready() {
        assert_eq!(group(240).ready_by_ms(11_000), 241_000);
        assert_eq!(group(2).ready_by_ms(1_500), 3_500);
        assert_eq!(group(2).ready_by_ms(10_900), 12_900);
    }

    #[test]
    fn receipt_of_a_user_counts_for_the_time_left() {
        let mut group = group(240);
        assert_eq!(group.accepted_ttl_seconds(300, 2_000), 360);
        group.is_organic = true;
        assert_eq!(group.accepted_ttl_seconds(300, 1_072), 299);
        assert_eq!(group.accepted_ttl_seconds(300, 1_000_000), 0);
    }

    #[test]
    fn steps_of_a_user_fit_into_its_time() {
        let mut group = group(240);
        assert_eq!(group.bound_ms(300, 500_000), 500_000);
        group.is_organic = true;
        assert_eq!(group.bound_ms(300, 500_000), 301_000);
        assert_eq!(group.bound_ms(300, 11_000), 11_000);
    }

    #[test]
    fn executor_of_a_user_has_time_to_pull_its_image() {
        assert_eq!(organic_ready_ms(5_000, 2), 65_000);
        assert_eq!(organic_ready_ms(5_000, 240), 245_000);
    }

    #[test]
    fn spin_up_is_bounded() {
        assert_eq!([0, 7, 9_999].map(bounded_spin_up), [2, 7, 360]);
    }
}
