//! The answer of `GET /horde/facilitator`, and metrics.

use horde_proto::facilitator::JobStatus;
use serde::Serialize;
use tig_plugin_api::Context;

use crate::Facilitator;
use crate::connection::State;

/// Milliseconds that "the last hour" has.
const HOUR_MS: u64 = 3_600_000;

/// What an operator sees of the connection and of the jobs that came over it.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    /// When this was so, in Unix milliseconds.
    at_ms: u64,
    uri: &'a str,
    /// `pausing`, `connecting`, `authenticating` or `up`.
    state: &'static str,
    /// In Unix milliseconds.
    since_ms: u64,
    /// When the next attempt to connect comes, in Unix milliseconds.
    next_attempt_ms: Option<u64>,
    /// Why the last connection ended.
    last_error: Option<&'a str>,
    /// Statuses that the facilitator has not answered yet.
    statuses_waiting: usize,
    /// When the oldest of them was given, in Unix milliseconds.
    oldest_status_ms: Option<u64>,
    last_hour: JobCounts,
}

/// Jobs of the last hour by their last status.
#[derive(Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct JobCounts {
    requested: u32,
    /// Without a status yet.
    without_status: u32,
    accepted: u32,
    completed: u32,
    rejected: u32,
    failed: u32,
}

impl JobCounts {
    fn count(&mut self, status: Option<JobStatus>) {
        self.requested += 1;
        let counter = match status {
            None => &mut self.without_status,
            Some(JobStatus::Accepted) => &mut self.accepted,
            Some(JobStatus::Completed) => &mut self.completed,
            Some(JobStatus::Rejected) => &mut self.rejected,
            Some(JobStatus::Failed) => &mut self.failed,
        };
        *counter += 1;
    }
}

impl Facilitator {
    pub(crate) fn report(&self, ctx: &mut Context<'_>) -> Report<'_> {
        let at_ms = ctx.now_ms();
        let (connection, queue) = (&self.run.connection, &self.run.queue);
        let mut last_hour = JobCounts::default();
        for job in self.jobs.since(at_ms.saturating_sub(HOUR_MS)) {
            last_hour.count(job.status);
        }
        Report {
            at_ms,
            uri: &self.config.uri,
            state: connection.state().name(),
            since_ms: connection.since_ms(),
            next_attempt_ms: match connection.state() {
                State::Pausing { until_ms } => Some(until_ms),
                _ => None,
            },
            last_error: connection.last_error.as_deref(),
            statuses_waiting: queue.len(),
            oldest_status_ms: queue.oldest_ms(),
            last_hour,
        }
    }

    /// A drain waits for statuses that are not answered.
    pub(crate) fn report_unfinished(&self, ctx: &mut Context<'_>) {
        ctx.unfinished(self.run.queue.len() as u64);
    }

    pub(crate) fn report_metrics(&self, ctx: &mut Context<'_>) {
        let is_up = self.run.connection.is_up();
        ctx.gauge("connected", &[], f64::from(u8::from(is_up)));
        ctx.gauge("statuses_waiting", &[], self.run.queue.len() as f64);
    }
}
