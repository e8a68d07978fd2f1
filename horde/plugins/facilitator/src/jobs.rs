//! The jobs that the facilitator has sent, so that one that comes again is not run again (section 10.10).
//!
//! | key | value |
//! |---|---|
//! | `job/<uuid>` | when it came, and its last status |

use std::collections::BTreeMap;

use horde_proto::facilitator::JobStatus;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

/// Milliseconds for which a job is known. The facilitator gives up a job after 5 min 30 s.
const KEPT_MS: u64 = 24 * 3_600_000;
/// Jobs that are known; beyond, the oldest are forgotten.
const JOBS_COUNT_MAX: usize = 20_000;
/// Jobs that one handler forgets.
const EVICTED_COUNT_MAX: usize = 500;

const PREFIX: &str = "job/";

/// What is known of a job.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct JobRecord {
    /// In Unix milliseconds.
    pub(crate) received_ms: u64,
    /// The last status that was given; none before the first.
    pub(crate) status: Option<JobStatus>,
}

/// All jobs that are known, by uuid.
#[derive(Default)]
pub(crate) struct Jobs(BTreeMap<String, JobRecord>);

impl Jobs {
    /// Reads what is stored. A time in the future is of a clock that was ahead, and would keep its job for ever.
    pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<Self> {
        let now_ms = ctx.now_ms();
        let stored = ctx.scan_sound::<JobRecord>(PREFIX)?.into_iter();
        let jobs = stored.filter_map(|(key, mut job)| {
            job.received_ms = job.received_ms.min(now_ms);
            Some((key.strip_prefix(PREFIX)?.to_owned(), job))
        });
        Ok(Self(jobs.collect()))
    }

    pub(crate) fn contains(&self, uuid: &str) -> bool {
        self.0.contains_key(uuid)
    }

    /// The jobs that came at this time or later.
    pub(crate) fn since(&self, unix_ms: u64) -> impl Iterator<Item = &JobRecord> {
        let jobs = self.0.values();
        jobs.filter(move |job| job.received_ms >= unix_ms)
    }

    /// Stores a job that came now.
    pub(crate) fn insert(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        let received_ms = ctx.now_ms();
        let job = JobRecord {
            received_ms,
            status: None,
        };
        self.put(ctx, uuid, job)
    }

    /// Stores a status. Returns whether it is one that the job may have now: each comes once, and none after a last one. A job that
    /// is not known any more gets a record, so that its status is sent and that only once.
    pub(crate) fn note(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        status: JobStatus,
    ) -> Result<bool> {
        let known = self.0.get(uuid);
        let last = known.and_then(|job| job.status);
        if !may_follow(last, status) {
            return Ok(false);
        }
        let now_ms = ctx.now_ms();
        let job = JobRecord {
            received_ms: known.map_or(now_ms, |job| job.received_ms),
            status: Some(status),
        };
        self.put(ctx, uuid, job)?;
        Ok(true)
    }

    /// Forgets what is old, a bounded number at a time.
    pub(crate) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let too_many = self.0.len().saturating_sub(JOBS_COUNT_MAX);
        let now_ms = ctx.now_ms();
        let is_old = |job: &JobRecord| now_ms.saturating_sub(job.received_ms) > KEPT_MS;
        if too_many == 0 && !self.0.values().any(is_old) {
            return Ok(());
        }
        let jobs = self.0.iter();
        let mut by_age: Vec<_> = jobs.map(|(uuid, job)| (job.received_ms, uuid)).collect();
        by_age.sort_unstable();
        let old = by_age.iter().enumerate();
        let old = old.filter(|(index, (received_ms, _))| {
            *index < too_many || now_ms.saturating_sub(*received_ms) > KEPT_MS
        });
        let old: Vec<_> = old
            .take(EVICTED_COUNT_MAX)
            .map(|(_, (_, uuid))| (*uuid).clone())
            .collect();
        for uuid in old {
            ctx.delete(&key(&uuid))?;
            self.0.remove(&uuid);
        }
        Ok(())
    }

    fn put(&mut self, ctx: &mut Context<'_>, uuid: &str, job: JobRecord) -> Result<()> {
        ctx.put(&key(uuid), &job)?;
        self.0.insert(uuid.to_owned(), job);
        Ok(())
    }
}

fn key(uuid: &str) -> String {
    format!("{PREFIX}{uuid}")
}

/// Whether a job whose last status is `last` can have `next`.
fn may_follow(last: Option<JobStatus>, next: JobStatus) -> bool {
    match last {
        None => true,
        Some(JobStatus::Accepted) => next != JobStatus::Accepted,
        Some(JobStatus::Rejected | JobStatus::Failed | JobStatus::Completed) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_has_one_last_status() {
        use JobStatus::{Accepted, Completed, Failed, Rejected};
        for next in JobStatus::ALL {
            assert!(may_follow(None, *next));
            assert_eq!(may_follow(Some(Accepted), *next), *next != Accepted);
            for last in [Completed, Failed, Rejected] {
                assert!(!may_follow(Some(last), *next));
            }
        }
    }
}
