//! Users' jobs of the last hour.

use std::collections::BTreeMap;

use horde_events::JobStatusGiven;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use super::Board;
use crate::limits::{JOBS_COUNT_MAX, JOBS_KEPT_MS};
use crate::text::is_name;

const ROW: &str = "status/job/";

/// The newest status of a job.
#[derive(Clone, Deserialize, Serialize)]
struct JobRow {
    status: JobState,
    /// When that status was known, in Unix milliseconds.
    at_ms: u64,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum JobState {
    Accepted,
    Rejected,
    Failed,
    Completed,
}

/// By uuid.
#[derive(Default)]
pub(super) struct Jobs(BTreeMap<String, JobRow>);

/// How many jobs have which status.
#[derive(Debug, Default, Serialize)]
pub(crate) struct JobCounts {
    /// The hour begins here, in Unix milliseconds.
    since_ms: u64,
    /// It ends here.
    until_ms: u64,
    /// Jobs that run.
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) failed: u64,
    pub(super) completed: u64,
}

impl Jobs {
    pub(super) fn start(ctx: &mut Context<'_>) -> Result<Self> {
        let rows: Vec<(String, JobRow)> = ctx.scan_sound(ROW)?;
        let uuid = |key: String| key.strip_prefix(ROW).map(str::to_owned);
        let rows = rows.into_iter();
        let rows = rows.filter_map(|(key, row)| Some((uuid(key)?, row)));
        Ok(Self(rows.collect()))
    }

    pub(super) fn counts(&self, now_ms: u64) -> JobCounts {
        let since_ms = now_ms.saturating_sub(JOBS_KEPT_MS);
        let mut counts = JobCounts {
            since_ms,
            until_ms: now_ms,
            ..JobCounts::default()
        };
        // A clock that was set back leaves times of the future.
        let hour = since_ms + 1..=now_ms;
        for row in self.0.values().filter(|row| hour.contains(&row.at_ms)) {
            match row.status {
                JobState::Accepted => counts.accepted += 1,
                JobState::Rejected => counts.rejected += 1,
                JobState::Failed => counts.failed += 1,
                JobState::Completed => counts.completed += 1,
            }
        }
        counts
    }

    pub(super) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<u64> {
        let since_ms = ctx.now_ms().saturating_sub(JOBS_KEPT_MS);
        let old = self.0.iter().filter(|(_, row)| row.at_ms <= since_ms);
        let old: Vec<String> = old.map(|(uuid, _)| uuid.clone()).collect();
        for uuid in &old {
            self.remove(ctx, uuid)?;
        }
        Ok(old.len() as u64)
    }

    fn remove(&mut self, ctx: &mut Context<'_>, uuid: &str) -> Result<()> {
        ctx.delete(&row_key(uuid))?;
        self.0.remove(uuid);
        Ok(())
    }

    /// Makes room for one more job.
    fn drop_oldest(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if self.0.len() < JOBS_COUNT_MAX {
            return Ok(());
        }
        let oldest = self.0.iter().min_by_key(|(_, row)| row.at_ms);
        match oldest.map(|(uuid, _)| uuid.clone()) {
            Some(uuid) => self.remove(ctx, &uuid),
            None => Ok(()),
        }
    }
}

impl Board {
    /// Whether the status was not known yet: the event may come twice.
    pub(crate) fn set_job(
        &mut self,
        ctx: &mut Context<'_>,
        given: &JobStatusGiven,
    ) -> Result<bool> {
        let status = match given.status.as_str() {
            "accepted" => JobState::Accepted,
            "rejected" => JobState::Rejected,
            "failed" => JobState::Failed,
            "completed" => JobState::Completed,
            _ => return Ok(false),
        };
        let known = self.jobs.0.get(&given.uuid).map(|row| row.status);
        let is_later =
            known.is_none() || known == Some(JobState::Accepted) && known != Some(status);
        if !is_name(&given.uuid) || !is_later {
            return Ok(false);
        }
        let row = JobRow {
            status,
            at_ms: ctx.now_ms(),
        };
        ctx.put(&row_key(&given.uuid), &row)?;
        if known.is_none() {
            self.jobs.drop_oldest(ctx)?;
        }
        self.jobs.0.insert(given.uuid.clone(), row);
        if let (JobState::Failed | JobState::Rejected, Some(hotkey)) = (status, &given.hotkey) {
            let failure = (&**hotkey, "user_job");
            self.miners.add(ctx, std::iter::once(failure), None)?;
        }
        Ok(true)
    }
}

fn row_key(uuid: &str) -> String {
    format!("{ROW}{uuid}")
}
