//! The neighbours of `horde_crossval` and `horde_job_llm` in a measurement: a trusted miner that is always there, and a batch whose
//! miners have all answered.
//!
//! `POST /bench/sampling` wants so many samples as its config says, and `POST /bench/answers` gives all answers at once.

use std::collections::BTreeMap;

use horde_events::{
    AnswerChecked, AnswerGiven, GroupWanted, JobOver, JobTimes, JobsMade, LinkState, LinksWanted,
    MinerLink, Outcome, Verdict,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

/// The class of all executors.
const CLASS: &str = "always_on.llm.a6000";

/// What is measured.
#[derive(Clone, Debug, Deserialize)]
struct Config {
    /// Series that are to be there, each of so many lines; as many samples are drawn.
    series: usize,
    lines: usize,
    /// Samples of a workload.
    per_workload: usize,
    /// Files of answers, at `{answers_url}/{number}.json`, and the answer that all have to `prompt`.
    answers: usize,
    answers_url: String,
    prompt: String,
    answer: String,
}

struct Neighbours {
    config: Config,
    /// Jobs of the trusted miner that write series, by their groups.
    generations: BTreeMap<String, Vec<String>>,
    /// Series that were written.
    series: Vec<String>,
    right: usize,
    /// Verdicts other than right, the last one.
    fault: Option<String>,
    checked: usize,
}

#[extension(
    routes(
        "GET /bench/series",
        "POST /bench/sampling",
        "POST /bench/answers",
        "GET /bench/checked"
    ),
    emits(MinerLink, JobOver, AnswerGiven)
)]
impl Neighbours {
    fn new(config: Value, ctx: &mut Context<'_>) -> Result<Self> {
        let config = Config::deserialize(config)?;
        let now_ms = ctx.now_ms();
        ctx.at("begin", now_ms)?;
        Ok(Self {
            config,
            generations: BTreeMap::new(),
            series: Vec::new(),
            right: 0,
            fault: None,
            checked: 0,
        })
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _tag: String) -> Result<()> {
        self.emit_config(ctx, 0)
    }

    fn on_horde_links_wanted(&mut self, ctx: &mut Context<'_>, wanted: LinksWanted) -> Result<()> {
        let Some(miner) = wanted.miners.into_iter().next() else {
            return Ok(());
        };
        let manifest = json!([{ "executor_class": CLASS, "count": 1 }]);
        ctx.emit(&MinerLink {
            hotkey: miner.hotkey,
            state: LinkState::Up {
                manifest: Deserialize::deserialize(manifest)?,
            },
        })
    }

    fn on_horde_jobs_made(&mut self, _ctx: &mut Context<'_>, made: JobsMade) -> Result<()> {
        for job in made.jobs {
            let request: Value = serde_json::from_str(job.request.get())?;
            let arguments = request["docker_run_cmd"].as_array().into_iter().flatten();
            let mut arguments = arguments.filter_map(Value::as_str);
            if arguments.any(|argument| argument == "--uuids") {
                let uuids = arguments.next().unwrap_or_default().split(',');
                let uuids = uuids.map(str::to_owned).collect();
                self.generations.insert(made.batch.clone(), uuids);
            }
        }
        Ok(())
    }

    /// The trusted miner is done with a generation at once, and with answers never.
    fn on_horde_group_wanted(&mut self, ctx: &mut Context<'_>, wanted: GroupWanted) -> Result<()> {
        let Some(series) = self.generations.remove(&wanted.group) else {
            return Ok(());
        };
        self.series.extend(series);
        let (stdout, stderr) = (String::new(), String::new());
        ctx.emit(&JobOver {
            uuid: wanted.group.clone(),
            group: wanted.group,
            hotkey: String::new(),
            outcome: Outcome::Finished { stdout, stderr },
            times: JobTimes::default(),
        })
    }

    fn on_horde_answer_checked(
        &mut self,
        _ctx: &mut Context<'_>,
        checked: AnswerChecked,
    ) -> Result<()> {
        self.checked += 1;
        match checked.verdict {
            Verdict::Right => self.right += 1,
            Verdict::Wrong { reason } | Verdict::Excused { reason } => self.fault = Some(reason),
        }
        Ok(())
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        match request.path.as_str() {
            "/bench/series" => return HttpReply::json(200, &self.series),
            "/bench/sampling" => self.emit_config(ctx, self.config.series)?,
            "/bench/answers" => self.give_answers(ctx)?,
            _ => {}
        }
        let state = json!({ "checked": self.checked, "right": self.right, "fault": self.fault });
        HttpReply::json(200, &state)
    }
}

impl Neighbours {
    fn emit_config(&self, ctx: &mut Context<'_>, samples: usize) -> Result<()> {
        let Config {
            series,
            lines,
            per_workload,
            ..
        } = &self.config;
        let dynamic = json!({
            "max_prompt_series": series,
            "target_number_of_prompt_samples_ready": samples,
            "number_of_prompts_per_workload": per_workload,
            "prompts_series_in_a_single_generation": 1_000,
            "number_of_prompts_in_series": lines,
            "number_of_prompts_to_sample_from_series": 1,
        });
        ctx.emit_json("horde_dynamic_config", &dynamic)
    }

    fn give_answers(&self, ctx: &mut Context<'_>) -> Result<()> {
        let Config {
            answers,
            answers_url,
            prompt,
            answer,
            ..
        } = &self.config;
        for number in 0..*answers {
            let url = format!("{answers_url}/{number}.json");
            ctx.emit(&AnswerGiven {
                batch: "bench".to_owned(),
                kind: "horde_job_llm".to_owned(),
                uuid: number.to_string(),
                hotkey: String::new(),
                check: json!({
                    "answers_url": url,
                    "control_url": url,
                    "prompts": [{ "prompt": prompt, "answer": answer }],
                }),
                stdout: String::new(),
                stderr: String::new(),
            })?;
        }
        Ok(())
    }
}
