//! Extension `plugin_name`: a job kind of ComputeHorde, whose jobs add up the numbers below a secret one.
//!
//! | | |
//! |---|---|
//! | handles | `horde_jobs_wanted`, `horde_answer_given` |
//! | emits | `horde_jobs_made`, `horde_answer_checked`, one for each |
//! | config keys | `timeout_seconds` |

mod events;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use self::events::{AnswerGiven, JobsWanted, new_uuid};

/// Executors refuse images of others than `backenddevelopersltd`.
const IMAGE: &str = "backenddevelopersltd/compute-horde-job:v1-latest";
/// Characters of an answer that are shown to operators.
const SHOWN_CHARS_MAX: usize = 80;

/// Section `plugin_name` of the host's config.
#[derive(ConfigSchema, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Seconds that a job may run.
    timeout_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout_seconds: 30,
        }
    }
}

/// Makes jobs and checks their answers.
pub struct JobKind {
    config: Config,
}

#[extension(emits("horde_jobs_made", "horde_answer_checked"))]
impl JobKind {
    fn new(config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self { config })
    }

    fn on_horde_jobs_wanted(&mut self, ctx: &mut Context<'_>, wanted: JobsWanted) -> Result<()> {
        // Each kind gets the requests to all kinds.
        if wanted.kind != ctx.settings().name {
            return Ok(());
        }
        let hotkeys = wanted.hotkeys();
        let jobs: Vec<_> = hotkeys
            .map(|hotkey| self.job(ctx, &wanted.executor_class, hotkey))
            .collect();
        // With fewer jobs than wanted, `shortage` says why.
        let made = json!({
            "ask": wanted.ask, "batch": wanted.batch, "kind": wanted.kind, "executor_class": wanted.executor_class,
            "jobs": jobs, "shortage": null,
        });
        ctx.emit_json("horde_jobs_made", &made)
    }

    fn on_horde_answer_given(&mut self, ctx: &mut Context<'_>, answer: AnswerGiven) -> Result<()> {
        if answer.kind != ctx.settings().name {
            return Ok(());
        }
        let mut checked = json!({ "batch": answer.batch, "uuid": answer.uuid, "verdict": "right" });
        if answer.check != answer.stdout.trim() {
            // Miners print what they like.
            let shown: String = answer.stdout.chars().take(SHOWN_CHARS_MAX).collect();
            checked["verdict"] = "wrong".into();
            checked["reason"] = format!("it printed {shown:?}").into();
        }
        ctx.emit_json("horde_answer_checked", &checked)
    }
}

impl JobKind {
    /// The policy: a job, and what its right answer is.
    fn job(&self, ctx: &mut Context<'_>, class: &str, hotkey: &str) -> Value {
        let uuid = new_uuid(ctx);
        let timeout_seconds = self.config.timeout_seconds;
        let below = 1_000_000 + ctx.random_u64() % 1_000_000;
        // The reservation comes minutes before the request: the miner must not be able to begin with it.
        let reservation = json!({
            "job_uuid": uuid, "message_type": "V0InitialJobRequest", "executor_class": class,
            "base_docker_image_name": IMAGE, "timeout_seconds": timeout_seconds, "volume": null, "volume_type": null,
        });
        let request = json!({
            "job_uuid": uuid, "message_type": "V0JobRequest", "executor_class": class, "docker_image_name": IMAGE,
            "raw_script": format!("print(sum(range({below})))"), "docker_run_options_preset": "nvidia_all",
            "docker_run_cmd": ["/script.py"], "volume": null, "output_upload": null,
        });
        json!({
            "uuid": uuid, "hotkey": hotkey, "timeout_seconds": timeout_seconds,
            "reservation": reservation, "request": request,
            // Secret while the job runs; comes back with the answer.
            "check": (below * (below - 1) / 2).to_string(),
            "description": format!("add up the numbers below {below}"),
        })
    }
}
