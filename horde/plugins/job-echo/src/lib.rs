//! `horde_job_echo`: jobs that print a known text, to see that miners work at all.
//!
//! | | |
//! |---|---|
//! | handles | `horde_jobs_wanted`, `horde_answer_given`, of those that name it as `kind` |
//! | emits | `horde_jobs_made`, `horde_answer_checked` |
//! | config | none |
//! | stores | nothing |
//!
//! The job of the earlier validator's debug flow: the container prints `/volume/payload.txt`, which has the job's uuid. Any miner can
//! print it without a container, so these jobs say nothing about hardware.

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use horde_calc::archive::zip_file;
use horde_events::{AnswerChecked, AnswerGiven, JobsMade, JobsWanted, MadeJob, Verdict};
use horde_extension::new_uuid;
use horde_proto::ExecutorClass;
use horde_proto::miner::{JobRequest, JobReservation};
use horde_proto::volume::InlineVolume;
use serde_json::Value;
use serde_json::value::to_raw_value;
use tig_plugin_api::prelude::*;

/// The image that prints the payload.
const DOCKER_IMAGE: &str = "backenddevelopersltd/compute-horde-job-echo:v0-latest";

/// Time that a job may run.
const TIMEOUT_SECONDS: u32 = 20;

/// The file that is printed.
const FILE_NAME: &str = "payload.txt";

/// No keys.
#[derive(ConfigSchema, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {}

struct JobEcho;

#[extension(emits(JobsMade, AnswerChecked))]
impl JobEcho {
    fn new(_config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_horde_jobs_wanted(&mut self, ctx: &mut Context<'_>, wanted: JobsWanted) -> Result<()> {
        if wanted.kind != ctx.settings().name {
            return Ok(());
        }
        let made = match wanted.executor_class.parse() {
            Ok(class) => {
                let jobs = wanted.hotkeys().map(|hotkey| {
                    let uuid = new_uuid(ctx);
                    make(class, hotkey, uuid)
                });
                wanted.answer(jobs.collect::<Result<_>>()?, None)
            }
            Err(unknown) => wanted.answer(Vec::new(), Some(format!("executor class {unknown}"))),
        };
        ctx.emit(&made)
    }

    fn on_horde_answer_given(&mut self, ctx: &mut Context<'_>, answer: AnswerGiven) -> Result<()> {
        if answer.kind != ctx.settings().name {
            return Ok(());
        }
        ctx.emit(&answer.checked(check(&answer)))
    }
}

fn make(class: ExecutorClass, hotkey: &str, uuid: String) -> Result<MadeJob> {
    let volume = InlineVolume {
        contents: STANDARD.encode(zip_file(FILE_NAME, uuid.as_bytes())),
        relative_path: None,
    };
    let reservation = JobReservation::new(&uuid, class, DOCKER_IMAGE, TIMEOUT_SECONDS);
    let request = JobRequest {
        volume: Some(volume.into()),
        ..JobRequest::new(&uuid, class, DOCKER_IMAGE)
    };
    Ok(MadeJob {
        hotkey: hotkey.to_owned(),
        timeout_seconds: TIMEOUT_SECONDS,
        reservation: to_raw_value(&reservation)?,
        request: to_raw_value(&request)?,
        check: Value::from(uuid.as_str()),
        description: "print the job's uuid".to_owned(),
        uuid,
    })
}

fn check(answer: &AnswerGiven) -> Verdict {
    if answer.check.as_str() == Some(answer.stdout.trim()) {
        return Verdict::Right;
    }
    let reason = format!(
        "it printed {} in place of the job's uuid",
        horde_events::quote(&answer.stdout)
    );
    Verdict::Wrong { reason }
}
