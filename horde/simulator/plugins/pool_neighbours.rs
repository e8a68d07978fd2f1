//! The neighbours of `horde_crossval` in a run in virtual time: its trusted miner, whose jobs the run plays, and batches that use
//! samples. Jobs and samples are stored, so that a kill of the host loses none.

use horde_events::{
    ExecutorsOf, GroupWanted, JobOver, JobTimes, JobsMade, LinkState, LinksWanted, LlmSamplesGiven,
    LlmSamplesWanted, MinerLink, Outcome,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

/// Jobs that were asked for and are not over.
const JOB: &str = "job/";
/// Jobs that are over, which are not run again.
const DONE: &str = "done/";
/// Samples as they were given.
const GIVEN: &str = "given/";
/// The name of a batch's miner.
const MINER: &str = "miner";

/// A job of the trusted miner is over.
#[derive(Deserialize)]
struct Over {
    uuid: String,
    is_finished: bool,
}

/// A job, with what the run needs to play it.
#[derive(Deserialize, Serialize)]
struct Job {
    uuid: String,
    request: Value,
}

struct Neighbours {
    dynamic: Value,
}

#[extension(
    routes("GET /run/jobs", "GET /run/given", "POST /run/over", "POST /run/want"),
    emits(MinerLink, JobOver, LlmSamplesWanted)
)]
impl Neighbours {
    fn new(dynamic: Value, ctx: &mut Context<'_>) -> Result<Self> {
        let now_ms = ctx.now_ms();
        ctx.at("begin", now_ms)?;
        Ok(Self { dynamic })
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _tag: String) -> Result<()> {
        ctx.emit_json("horde_dynamic_config", &self.dynamic)
    }

    fn on_horde_links_wanted(&mut self, ctx: &mut Context<'_>, wanted: LinksWanted) -> Result<()> {
        let Some(miner) = wanted.miners.into_iter().next() else {
            return Ok(());
        };
        let manifest = json!([{ "executor_class": "always_on.llm.a6000", "count": 1 }]);
        ctx.emit(&MinerLink {
            hotkey: miner.hotkey,
            state: LinkState::Up {
                manifest: Deserialize::deserialize(manifest)?,
            },
        })
    }

    /// A job that is asked for again after a kill is the same one.
    fn on_horde_jobs_made(&mut self, ctx: &mut Context<'_>, made: JobsMade) -> Result<()> {
        for job in made.jobs {
            if ctx.get::<bool>(&[DONE, &job.uuid].concat())?.is_none() {
                let request = serde_json::from_str(job.request.get())?;
                let uuid = job.uuid;
                ctx.put(
                    &[JOB, &uuid].concat(),
                    &Job {
                        uuid: uuid.clone(),
                        request,
                    },
                )?;
            }
        }
        Ok(())
    }

    /// The outcome of a job that is over already may have been lost with a kill of the one who asks.
    fn on_horde_group_wanted(&mut self, ctx: &mut Context<'_>, wanted: GroupWanted) -> Result<()> {
        let is_finished = ctx.get::<bool>(&[DONE, &wanted.group].concat())?;
        match is_finished {
            Some(is_finished) => emit_over(ctx, wanted.group, is_finished),
            None => Ok(()),
        }
    }

    fn on_horde_llm_samples(
        &mut self,
        ctx: &mut Context<'_>,
        given: LlmSamplesGiven,
    ) -> Result<()> {
        for sample in given.samples {
            let used = json!({ "seed": sample.seed, "prompts": sample.prompts });
            let value = json!({ "used": used, "answers_url": sample.answers_url });
            ctx.put(&[GIVEN, &sample.file].concat(), &value)?;
        }
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        match request.path.as_str() {
            "/run/jobs" => return HttpReply::json(200, &values(ctx, JOB)?),
            "/run/given" => return HttpReply::json(200, &values(ctx, GIVEN)?),
            "/run/over" => {
                let over: Over = serde_json::from_slice(&request.body)?;
                ctx.delete(&[JOB, &over.uuid].concat())?;
                ctx.put(&[DONE, &over.uuid].concat(), &over.is_finished)?;
                emit_over(ctx, over.uuid, over.is_finished)?;
            }
            _ => ctx.emit(&LlmSamplesWanted {
                ask: 1,
                batch: "batch".to_owned(),
                kind: ctx.settings().name.clone(),
                miners: vec![ExecutorsOf {
                    hotkey: MINER.to_owned(),
                    count: 2,
                }],
            })?,
        }
        HttpReply::json(200, &json!({}))
    }
}

fn values(ctx: &mut Context<'_>, prefix: &str) -> Result<Vec<Value>> {
    let records = ctx.scan::<Value>(prefix)?.into_iter();
    Ok(records.map(|(_, value)| value).collect())
}

fn emit_over(ctx: &mut Context<'_>, uuid: String, is_finished: bool) -> Result<()> {
    let (stdout, stderr) = (String::new(), String::new());
    let outcome = match is_finished {
        true => Outcome::Finished { stdout, stderr },
        false => Outcome::Failed {
            exit_status: Some(1),
            stdout,
            stderr,
        },
    };
    ctx.emit(&JobOver {
        group: uuid.clone(),
        uuid,
        hotkey: String::new(),
        outcome,
        times: JobTimes::default(),
    })
}
