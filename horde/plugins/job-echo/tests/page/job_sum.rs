//! Jobs that add up the numbers below a secret one.

use horde_events::{AnswerChecked, AnswerGiven, JobsMade, JobsWanted, MadeJob, Verdict, quote};
use horde_proto::miner::{JobRequest, JobReservation};
use horde_proto::uuid_v4;
use serde_json::value::to_raw_value;
use tig_plugin_api::prelude::*;

const IMAGE: &str = "backenddevelopersltd/compute-horde-job:v1-latest";
const TIMEOUT_SECONDS: u32 = 30;

struct JobSum;

#[extension(emits(JobsMade, AnswerChecked))]
impl JobSum {
    fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_horde_jobs_wanted(&mut self, ctx: &mut Context<'_>, wanted: JobsWanted) -> Result<()> {
        if wanted.kind != ctx.settings().name {
            return Ok(());
        }
        let class = wanted.executor_class.parse()?;
        let mut jobs = Vec::new();
        for hotkey in wanted.hotkeys() {
            let uuid = uuid_v4([ctx.random_u64(), ctx.random_u64()]);
            let below = 1_000_000 + ctx.random_u64() % 1_000_000;
            let reservation = JobReservation::new(&uuid, class, IMAGE, TIMEOUT_SECONDS);
            let request = JobRequest {
                raw_script: Some(format!("print(sum(range({below})))")),
                docker_run_cmd: vec!["/script.py".to_owned()],
                ..JobRequest::new(&uuid, class, IMAGE)
            };
            jobs.push(MadeJob {
                uuid,
                hotkey: hotkey.to_owned(),
                timeout_seconds: TIMEOUT_SECONDS,
                reservation: to_raw_value(&reservation)?,
                request: to_raw_value(&request)?,
                check: (below * (below - 1) / 2).to_string().into(),
                description: format!("add up the numbers below {below}"),
            });
        }
        ctx.emit(&wanted.answer(jobs, None))
    }

    fn on_horde_answer_given(&mut self, ctx: &mut Context<'_>, answer: AnswerGiven) -> Result<()> {
        if answer.kind != ctx.settings().name {
            return Ok(());
        }
        let reason = format!("it printed {}", quote(&answer.stdout));
        let verdict = match answer.check.as_str() == Some(answer.stdout.trim()) {
            true => Verdict::Right,
            false => Verdict::Wrong { reason },
        };
        ctx.emit(&answer.checked(verdict))
    }
}

#[cfg(test)]
mod tests;
