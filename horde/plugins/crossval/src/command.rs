//! The command `debug_run_llm_prompt_task`.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tig_plugin_api::prelude::*;

use crate::station::StationName;
use crate::{Crossval, store};

/// Exit code of a station that has failed.
const FAILED: u8 = 20;

/// Arguments of `debug_run_llm_prompt_task`.
#[derive(ConfigSchema, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunTask {
    /// The station that is to run now, whatever it waits for.
    pub(crate) action: Action,
}

/// A station that can be run.
#[derive(Clone, ConfigSchema, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// The trusted miner writes series of prompts.
    Generation,
    /// Prompts are drawn from series, and put into workloads.
    Sampling,
    /// The trusted miner answers a workload.
    Answering,
}

/// A command that waits for a station. Stored, so that its caller gets an answer after a failed handler, too.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Call {
    ticket: Ticket,
    station: StationName,
}

impl Crossval {
    pub(crate) fn run_task(&mut self, ctx: &mut Context<'_>, arguments: &RunTask) -> Result<()> {
        if self.buckets.is_none() {
            bail!(
                "no buckets are configured; set config.horde_crossval.prompts_bucket and answers_bucket"
            );
        }
        if let Some(call) = &self.call {
            bail!(
                "another command waits for the station `{}`",
                call.station.text()
            );
        }
        let station = match arguments.action {
            Action::Generation => StationName::Generation,
            Action::Sampling => StationName::Sampling,
            Action::Answering => StationName::Answering,
        };
        if station == StationName::Sampling {
            if self.live.run.is_some() {
                bail!("a run of sampling is under way");
            }
            if self.pool.missing(&self.target()) == 0 {
                bail!("no samples are missing");
            }
            self.begin_call(ctx, station)?;
            self.start_run(ctx)?;
            return self.work(ctx);
        }
        if !self.config.has_trusted_miner() {
            bail!("no trusted miner is configured; set config.horde_crossval.trusted_miner_host");
        }
        if let Some(job) = &self.job {
            bail!("the trusted miner is busy with {}", job.task.text());
        }
        let task = match station {
            StationName::Answering => self.answering(),
            _ => Some(self.generation(ctx)),
        };
        let Some(task) = task else {
            bail!("no workload waits for answers");
        };
        self.begin_call(ctx, station)?;
        self.start_job(ctx, task)?;
        self.work(ctx)
    }

    fn begin_call(&mut self, ctx: &mut Context<'_>, station: StationName) -> Result<()> {
        let call = Call {
            ticket: ctx.ticket(),
            station,
        };
        ctx.put(store::CALL, &call)?;
        ctx.progress(call.ticket, &format!("{} has begun", station.text()))?;
        self.call = Some(call);
        Ok(())
    }

    /// Ends the command that waits for this station.
    pub(crate) fn finish_call(
        &mut self,
        ctx: &mut Context<'_>,
        station: StationName,
        result: Result<&str, &str>,
    ) -> Result<()> {
        let call = self.call.as_ref().filter(|call| call.station == station);
        let Some(call) = call.cloned() else {
            return Ok(());
        };
        self.call = None;
        ctx.delete(store::CALL)?;
        match result {
            Ok(text) => ctx.finish(call.ticket, 0, &json!({ "result": text })),
            Err(reason) => ctx.finish(call.ticket, FAILED, &json!({ "failure": reason })),
        }
    }
}
