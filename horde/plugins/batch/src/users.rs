//! Executors that run users' jobs: they are not tested meanwhile.
//!
//! Not stored: users' jobs that were under way at a kill end as interrupted, and `horde_miners` sends no job to an executor that is taken.

use std::collections::BTreeMap;

use horde_events::GroupWanted;
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

/// Users' jobs that are counted at most; a subnet has 256 miners.
const USER_JOBS_MAX: usize = 4_096;

/// Milliseconds after the time of a job at which it no longer counts, though nobody has said that it is over.
const GRACE_MS: u64 = 180_000;

/// The users' jobs that are under way, by uuid.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Users(BTreeMap<String, UserJob>);

#[derive(Clone, Debug, Deserialize, Serialize)]
struct UserJob {
    hotkey: String,
    executor_class: String,
    until_ms: u64,
}

impl Users {
    /// Counts the jobs of a group if it is of users. Returns how many of them there is no room for.
    pub(crate) fn add(&mut self, group: GroupWanted, now_ms: u64) -> usize {
        self.0.retain(|_, job| job.until_ms > now_ms);
        let mut left_out = 0;
        for job in group.jobs {
            if self.0.len() >= USER_JOBS_MAX && !self.0.contains_key(&job.uuid) {
                left_out += 1;
                continue;
            }
            let seconds = u64::from(job.timeout_seconds) + u64::from(job.spin_up_seconds);
            let user_job = UserJob {
                hotkey: job.hotkey,
                executor_class: job.executor_class,
                until_ms: now_ms + seconds * 1000 + GRACE_MS,
            };
            self.0.insert(job.uuid, user_job);
        }
        left_out
    }

    /// A job is over, of whatever group.
    pub(crate) fn remove(&mut self, uuid: &str) {
        self.0.remove(uuid);
    }

    /// Executors of a miner and class that run users' jobs.
    pub(crate) fn count(&self, hotkey: &str, class: ExecutorClass, now_ms: u64) -> u32 {
        let jobs = self.0.values().filter(|job| {
            job.hotkey == hotkey && job.executor_class == class.as_str() && job.until_ms > now_ms
        });
        u32::try_from(jobs.count()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use horde_events::PlannedJob;

    use super::*;

    fn group(uuids: impl Iterator<Item = usize>) -> GroupWanted {
        let job = |uuid: usize| PlannedJob {
            uuid: uuid.to_string(),
            hotkey: "h".to_owned(),
            executor_class: ExecutorClass::default().to_string(),
            timeout_seconds: 10,
            spin_up_seconds: 2,
        };
        GroupWanted {
            group: "g".to_owned(),
            jobs: uuids.map(job).collect(),
            is_organic: true,
        }
    }

    #[test]
    fn job_counts_until_it_is_over_or_too_old() {
        let mut users = Users::default();
        users.add(group(0..2), 1_000);
        let count = |users: &Users, now_ms| users.count("h", ExecutorClass::default(), now_ms);
        assert_eq!(count(&users, 1_000), 2);
        assert_eq!(users.count("i", ExecutorClass::default(), 1_000), 0);
        assert_eq!(users.count("h", ExecutorClass::AlwaysOnGpu24Gb, 1_000), 0);
        users.remove("1");
        users.remove("unknown");
        assert_eq!(count(&users, 192_999), 1);
        assert_eq!(count(&users, 193_000), 0);
    }

    #[test]
    fn jobs_beyond_the_bound_are_left_out() {
        let mut users = Users::default();
        assert_eq!(users.add(group(0..USER_JOBS_MAX), 0), 0);
        assert_eq!(users.add(group(0..2), 0), 0, "they are counted already");
        assert_eq!(users.add(group(10_000..10_002), 0), 2);
        assert_eq!(
            users.add(group(10_000..10_002), 192_000),
            0,
            "the others are too old"
        );
    }
}
