//! `horde_job_hash`: jobs of finding passwords by their hashes, which take a GPU (section 3.5).
//!
//! | | |
//! |---|---|
//! | handles | `horde_jobs_wanted`, `horde_answer_given`, of those that name it as `kind` |
//! | emits | `horde_jobs_made`, `horde_answer_checked` |
//! | config | `small` |
//! | stores | nothing |
//!
//! Weights versions 1 to 3 make jobs of version 1, whose volume comes with the request to run. Weights version 4 makes version 2: the
//! volume comes with the reservation, encrypted under a key that comes with the request to run. What is needed to check an
//! answer is the seed of the job, which is as secret as the answer while the job runs.

mod cores;
mod frames;
mod seed;
#[cfg(test)]
mod tests;

use horde_calc::hash_job::{
    self, HashJob, HashJobKind, HashJobVersion, JobSize, SEED_BYTES, TIMEOUT_SECONDS,
};
use horde_calc::score::WeightsVersion;
use horde_events::{AnswerChecked, AnswerGiven, JobsMade, JobsWanted, MadeJob, Verdict, quote};
use horde_extension::new_uuid;
use horde_proto::ExecutorClass;
use serde_json::value::to_raw_value;
use tig_plugin_api::prelude::*;

use crate::cores::map_on_all_cores;
use crate::frames::Frames;
use crate::seed::Check;
#[cfg(test)]
use crate::seed::CheckError;

/// `config.horde_job_hash`.
#[derive(ConfigSchema, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Make jobs that any processor solves in milliseconds, for test networks whose miners have no GPU: they say nothing
    /// about a machine.
    small: bool,
}

struct JobHash {
    size: JobSize,
}

#[extension(emits(JobsMade, AnswerChecked))]
impl JobHash {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        if !config.small {
            return Ok(Self {
                size: JobSize::Full,
            });
        }
        ctx.warn("jobs are small, for a test network: they say nothing about a machine");
        Ok(Self {
            size: JobSize::Small,
        })
    }

    fn on_horde_jobs_wanted(&mut self, ctx: &mut Context<'_>, wanted: JobsWanted) -> Result<()> {
        if wanted.kind != ctx.settings().name {
            return Ok(());
        }
        let made = match plan(&wanted) {
            Ok((class, version)) => {
                let size = self.size;
                let kind = HashJobKind { version, size };
                let drafts: Vec<_> = wanted
                    .hotkeys()
                    .map(|hotkey| Draft::new(ctx, class, kind, hotkey))
                    .collect();
                let jobs = map_on_all_cores(&drafts, Draft::make);
                wanted.answer(jobs.into_iter().collect::<Result<_>>()?, None)
            }
            Err(shortage) => wanted.answer(Vec::new(), Some(shortage.to_string())),
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

/// The class and version of the jobs. The error says why there can be none.
fn plan(wanted: &JobsWanted) -> Result<(ExecutorClass, HashJobVersion)> {
    let class = wanted.executor_class.parse();
    let class = class.map_err(|unknown| Error::msg(format_args!("executor class {unknown}")))?;
    let weights = WeightsVersion::try_from(wanted.weights_version)?;
    match weights.hash_job() {
        Some(version) => Ok((class, version)),
        None => bail!(
            "hash jobs of weights version {} are not made any more: use 1 to 4",
            wanted.weights_version
        ),
    }
}

/// A job before its work is done, which takes no service of the host.
struct Draft<'a> {
    uuid: String,
    class: ExecutorClass,
    kind: HashJobKind,
    hotkey: &'a str,
    seed: [u8; SEED_BYTES],
}

impl<'a> Draft<'a> {
    fn new(
        ctx: &mut Context<'_>,
        class: ExecutorClass,
        kind: HashJobKind,
        hotkey: &'a str,
    ) -> Self {
        Self {
            uuid: new_uuid(ctx),
            class,
            kind,
            hotkey,
            seed: seed::draw(ctx),
        }
    }

    fn make(&self) -> Result<MadeJob> {
        let job = HashJob::draw(self.kind, self.hotkey, &self.seed);
        let Frames {
            reservation,
            request,
        } = Frames::new(&self.uuid, self.class, self.kind.version, &job);
        Ok(MadeJob {
            uuid: self.uuid.clone(),
            hotkey: self.hotkey.to_owned(),
            timeout_seconds: TIMEOUT_SECONDS,
            reservation: to_raw_value(&reservation)?,
            request: to_raw_value(&request)?,
            check: serde_json::to_value(Check::new(self.kind, &self.seed))?,
            description: "find 300 passwords by their hashes".to_owned(),
        })
    }
}

fn check(answer: &AnswerGiven) -> Verdict {
    // A check that cannot be read is not the miner's fault.
    let (kind, seed) = match Check::read(&answer.check) {
        Ok(check) => check,
        Err(fault) => {
            let reason = format!("what is needed to check the answer is damaged: {fault}");
            return Verdict::Excused { reason };
        }
    };
    if hash_job::is_answer(kind, &answer.hotkey, &seed, &answer.stdout) {
        return Verdict::Right;
    }
    let reason = format!(
        "it printed {} in place of the checksum of the passwords",
        quote(&answer.stdout)
    );
    Verdict::Wrong { reason }
}
