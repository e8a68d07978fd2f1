//! Stock extension `horde_facilitator` of the ComputeHorde validator: takes users' jobs from the facilitator, and reports to it
//! what became of them (sections 2.6 and 10.10).
//!
//! | | |
//! |---|---|
//! | commands | `connect_facilitator` |
//! | handles | `horde_job_status`, `ws`, `timer`, `update` |
//! | emits | `horde_job_requested` (durable) |
//! | routes | `GET /horde/facilitator`: connection, statuses that wait, jobs of the last hour |
//! | conditions | `facilitator_unreachable`, `facilitator_refuses`, `statuses_waiting` |
//! | config | see `config.rs`; the host's key `key` must name this extension |
//! | stores | see `jobs.rs` and `store.rs`: jobs that came, statuses that are not answered |
//!
//! A job is one job however often its request comes: on two sockets, after a restart, when it is over. A request that cannot be
//! read is answered `rejected` at once if it names a job. A status is stored until the facilitator has answered it, on whatever
//! connection; one is sent at a time, so that it is known which one an error is about.

mod conditions;
mod config;
mod connection;
mod drive;
mod frame;
mod jobs;
mod queue;
mod report;
mod store;
#[cfg(test)]
mod tests;

use horde_events::{JobRequested, JobStatusGiven};
use horde_extension::{Hotkey, next_start_ms};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tig_plugin_api::ReportedConditions;
use tig_plugin_api::prelude::*;

use crate::config::Config;
use crate::connection::Connection;
use crate::jobs::Jobs;
use crate::queue::Queue;
use crate::store::{COMMAND, restore_queue};

/// What a reload hands over: all that is not in the storage.
#[derive(Deserialize, Serialize)]
struct Run {
    connection: Connection,
    /// What the connection was opened with, see [`Facilitator::options`]. The state of an earlier version has none.
    #[serde(default)]
    opened_with: String,
    queue: Queue,
    /// When the facilitator must have answered what was sent, in Unix milliseconds.
    answer_by_ms: Option<u64>,
    /// When the next heartbeat is due, in Unix milliseconds.
    heartbeat_ms: u64,
}

/// The text of a [`Run`]: the old instance goes on with its own if the successor fails.
#[derive(Deserialize, Serialize)]
struct Handover(Box<RawValue>);

struct Facilitator {
    config: Config,
    hotkey: Hotkey,
    jobs: Jobs,
    run: Run,
    /// The call of `connect_facilitator` that waits for the end of an attempt; stored, too.
    command: Option<Ticket>,
    reported: ReportedConditions,
}

#[extension(routes("GET /horde/facilitator"), emits(JobRequested))]
impl Facilitator {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        config.check()?;
        // A key that is missing is an error now, and not at the first connection.
        let hotkey = Hotkey::new(ctx, &config.key)?;
        let jobs = Jobs::restore(ctx)?;
        let queue = restore_queue(ctx)?;
        let command = ctx.get_sound(COMMAND)?;
        let (session, start_ms) = (ctx.random_u64(), next_start_ms(ctx)?);
        // Not here: a successor takes the connection over right after this.
        ctx.at(drive::CONNECT_TIMER, start_ms)?;
        let facilitator = Self {
            config,
            hotkey,
            jobs,
            run: Run {
                connection: Connection::new(session),
                opened_with: String::new(),
                queue,
                answer_by_ms: None,
                heartbeat_ms: 0,
            },
            command,
            reported: ReportedConditions::default(),
        };
        facilitator.report_unfinished(ctx);
        Ok(facilitator)
    }

    /// Connects to the facilitator now, without waiting for the end of a pause, and ends when it has taken the authentication (code 0) or
    /// the attempt has failed (code 20).
    #[command]
    fn connect_facilitator(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        let started = self.connect_now(ctx)?;
        self.observe(ctx);
        Ok(started)
    }

    fn on_horde_job_status(&mut self, ctx: &mut Context<'_>, event: JobStatusGiven) -> Result<()> {
        self.take_status(ctx, &event)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()> {
        self.handle_ws(ctx, event)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        self.handle_timer(ctx, &tag)?;
        self.observe(ctx);
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        self.drop_surplus(ctx)?;
        self.jobs.evict(ctx)?;
        self.report_metrics(ctx);
        self.observe(ctx);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::json(200, &self.report(ctx))
    }

    fn snapshot(&mut self) -> Result<Handover> {
        Ok(Handover(to_raw_value(&self.run)?))
    }

    fn restore(&mut self, ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        self.run = serde_json::from_str(state.0.get())?;
        self.follow_config(ctx)?;
        self.report_unfinished(ctx);
        self.observe(ctx);
        Ok(())
    }
}

impl Facilitator {
    /// Reports what an operator must look at. The last thing that a handler does: nothing may fail after it.
    fn observe(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let (connection, queue) = (&self.run.connection, &self.run.queue);
        let present = conditions::present(&self.config, connection, queue, now_ms);
        self.reported.report(ctx, present);
    }
}
