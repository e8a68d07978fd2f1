//! The stored form of groups and outcomes, and how long they are kept.
//!
//! | key | value |
//! |---|---|
//! | `group/<time>-<number>` | the jobs of a group, written when it begins, and again when all are over |
//! | `over/<uuid>` | the outcome of a job, its miner and its times |
//! | `receipt/<kind>/<uuid>` | a receipt |
//! | `wanted` | the links that extensions want |
//! | `starts` | starts since what follows one has succeeded; see `horde-extension` |
//!
//! So at a start it is known which jobs were under way: those of a group that have no outcome.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use horde_events::JobTimes;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::receipt;

/// Milliseconds for which jobs that are over and their receipts are kept. Miners serve receipts for one day.
const KEPT_MS: u64 = 2 * 24 * 3_600_000;
/// Jobs that are kept; beyond, the oldest groups go first.
const KEPT_JOBS_MAX: usize = 65_536;
/// Jobs whose records are deleted by one handler: at the `update` every 5 s, more than come.
const EVICTED_JOBS_MAX: usize = 500;

const GROUP_PREFIX: &str = "group/";

/// Key under which the links are that extensions want.
pub(crate) const WANTED: &str = "wanted";

/// A job in the record of its group.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StoredJob {
    pub(crate) uuid: Arc<str>,
    pub(crate) hotkey: Arc<str>,
}

/// The record of a group.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StoredGroup {
    pub(crate) group: Arc<str>,
    /// In Unix milliseconds.
    pub(crate) began_ms: u64,
    pub(crate) is_over: bool,
    pub(crate) jobs: Vec<StoredJob>,
}

/// The record of a job that is over.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct StoredOutcome {
    /// In one word.
    pub(crate) outcome: String,
    pub(crate) hotkey: Arc<str>,
    /// The miner has answered, and gets a finished receipt.
    pub(crate) is_answer: bool,
    pub(crate) times: JobTimes,
}

/// A job that was under way when the host was killed or the instance failed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct InterruptedJob {
    /// Key of its group.
    pub(crate) key: String,
    pub(crate) job: StoredJob,
}

/// The groups in the storage.
#[derive(Default)]
pub(crate) struct Kept {
    groups: BTreeMap<String, StoredGroup>,
    uuids: BTreeSet<Arc<str>>,
}

/// Key of the outcome of a job.
pub(crate) fn over_key(uuid: &str) -> String {
    format!("over/{uuid}")
}

/// Key of a group: in the order of their beginnings.
pub(crate) fn group_key(began_ms: u64, number: u64) -> String {
    format!("{GROUP_PREFIX}{began_ms:015}-{number:016x}")
}

impl Kept {
    /// All that is stored and readable, and the jobs that were under way.
    pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<(Self, Vec<InterruptedJob>)> {
        let mut kept = Self::default();
        let mut interrupted = Vec::new();
        for (key, group) in ctx.scan_sound::<StoredGroup>(GROUP_PREFIX)? {
            if !group.is_over {
                for job in &group.jobs {
                    let over = ctx.get_sound::<StoredOutcome>(&over_key(&job.uuid))?;
                    if over.is_none() {
                        let (key, job) = (key.clone(), job.clone());
                        interrupted.push(InterruptedJob { key, job });
                    }
                }
            }
            kept.insert(key, group);
        }
        Ok((kept, interrupted))
    }

    /// Whether a job is under way or was over lately.
    pub(crate) fn has_job(&self, uuid: &str) -> bool {
        self.uuids.contains(uuid)
    }

    /// All jobs, the oldest first.
    pub(crate) fn jobs_by_age(&self) -> Vec<Arc<str>> {
        let jobs = self.groups.values().flat_map(|group| &group.jobs);
        jobs.map(|job| Arc::clone(&job.uuid)).collect()
    }

    pub(crate) fn get(&self, key: &str) -> Option<&StoredGroup> {
        self.groups.get(key)
    }

    pub(crate) fn insert(&mut self, key: String, group: StoredGroup) {
        let uuids = group.jobs.iter().map(|job| Arc::clone(&job.uuid));
        self.uuids.extend(uuids);
        self.groups.insert(key, group);
    }

    /// Notes that all jobs of a group are over.
    pub(crate) fn end_group(&mut self, ctx: &mut Context<'_>, key: &str) -> Result<()> {
        let Some(group) = self.groups.get_mut(key) else {
            return Ok(());
        };
        group.is_over = true;
        ctx.put(key, group)
    }

    /// Deletes some of what is too old, with the receipts.
    pub(crate) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let mut room = EVICTED_JOBS_MAX;
        let mut emptied = Vec::new();
        for (key, group) in &mut self.groups {
            let is_full = self.uuids.len() > KEPT_JOBS_MAX;
            // A time in the future was written by a clock that was ahead.
            let is_old = now_ms.abs_diff(group.began_ms) > KEPT_MS;
            if !group.is_over || !(is_full || is_old) {
                continue;
            }
            ctx.mark_fields_changed()?;
            let rest = group.jobs.len().saturating_sub(room);
            for job in group.jobs.drain(rest..) {
                ctx.delete(&over_key(&job.uuid))?;
                for kind in receipt::Kind::ALL {
                    ctx.delete(&receipt::key(kind, &job.uuid))?;
                }
                self.uuids.remove(&job.uuid);
                room -= 1;
            }
            // Until then the record stays as it was: what is deleted once more costs nothing.
            if rest == 0 {
                ctx.delete(key)?;
                emptied.push(key.clone());
            }
            if room == 0 {
                break;
            }
        }
        for key in emptied {
            self.groups.remove(&key);
        }
        Ok(())
    }
}
