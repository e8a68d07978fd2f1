//! The other extensions, the trusted miner and the buckets, played by the test.

use std::collections::BTreeMap;

use tig_plugin_api::testing::{Harness, TestKey};

use super::*;

pub(super) const CLASS: &str = "always_on.llm.a6000";
pub(super) const STORE: &str = "https://s3.example.org";
pub(super) const LINES: usize = 6;
pub(super) const DENIED: &str = "<Error><Code>AccessDenied</Code></Error>";

/// The extension with all others around it.
pub(super) struct World {
    pub(super) harness: Harness<Crossval>,
    /// Objects of both buckets, by path.
    pub(super) objects: BTreeMap<String, Vec<u8>>,
}

/// A job that `horde_miners` was asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) uuid: String,
    pub(super) group: Value,
    pub(super) request: Value,
    pub(super) reservation: Value,
}

impl Asked {
    pub(super) fn is_generation(&self) -> bool {
        self.argument("--uuids").is_some()
    }

    /// The argument after this one.
    pub(super) fn argument(&self, name: &str) -> Option<String> {
        let arguments = self.request["docker_run_cmd"].as_array().unwrap();
        let place = arguments.iter().position(|argument| argument == name)?;
        Some(arguments[place + 1].as_str().unwrap().to_owned())
    }

    /// Paths that its uploads go to, without the signatures.
    pub(super) fn uploads(&self) -> Vec<String> {
        let uploads = self.request["output_upload"]["uploads"].as_array().unwrap();
        let url = |upload: &Value| path_of(upload["url"].as_str().unwrap());
        uploads.iter().map(url).collect()
    }

    /// The path of the prompts that it answers.
    pub(super) fn volume(&self) -> String {
        path_of(
            self.request["volume"]["volumes"][0]["url"]
                .as_str()
                .unwrap(),
        )
    }
}

/// The path of a URL of the store, without its query.
pub(super) fn path_of(url: &str) -> String {
    let path = url.strip_prefix(STORE).unwrap_or_else(|| panic!("{url}"));
    path.split('?').next().unwrap().to_owned()
}

pub(super) fn section() -> Value {
    json!({
        "trusted_miner_host": "10.0.0.9", "endpoint": STORE, "prompts_bucket": "prompts",
        "answers_bucket": "answers", "access_key_id": "id",
    })
}

/// A pool of 4 series, of which 4 samples are drawn, two in a workload.
pub(super) fn small() -> Value {
    json!({
        "max_prompt_series": 4, "target_number_of_prompt_samples_ready": 4,
        "number_of_prompts_per_workload": 2, "prompts_series_in_a_single_generation": 4,
        "number_of_prompts_in_series": LINES,
    })
}

pub(super) fn harness(section: &Value) -> Harness<Crossval> {
    let settings = json!({ "name": "horde_crossval", "config": { "horde_crossval": section } });
    let keys = vec![TestKey::new("s3", [], |_| vec![7; 32])];
    Harness::start_with_keys(settings, keys).unwrap()
}

impl World {
    pub(super) fn with(section: &Value, dynamic: &Value) -> Self {
        let mut harness = harness(section);
        harness.event("horde_dynamic_config", dynamic.clone());
        let mut world = Self {
            harness,
            objects: BTreeMap::new(),
        };
        world.settle();
        world
    }

    pub(super) fn start() -> Self {
        Self::with(&section(), &small())
    }

    /// A pool whose series are there.
    pub(super) fn with_series() -> Self {
        Self::start().generated()
    }

    /// A pool that is full.
    pub(super) fn full() -> Self {
        Self::full_with(&section())
    }

    /// A pool that is full, with this section of the config.
    pub(super) fn full_with(section: &Value) -> Self {
        Self::with(section, &small()).generated().filled()
    }

    pub(super) fn generated(mut self) -> Self {
        self.up();
        let asked = self.asked();
        self.generate(&asked);
        self
    }

    fn filled(mut self) -> Self {
        self.settle();
        for _ in 0..2 {
            let asked = self.asked();
            self.solve(&asked);
            self.settle();
        }
        assert_eq!(self.report()["samples"]["ready"], 4);
        self
    }

    pub(super) fn up(&mut self) {
        let manifest = json!([{ "executor_class": CLASS, "count": 1 }]);
        self.link(&json!({ "up": { "manifest": manifest } }));
    }

    pub(super) fn link(&mut self, state: &Value) {
        self.harness
            .event("horde_miner_link", json!({ "hotkey": "", "state": state }));
    }

    /// Events of this name since the last look; the others are dropped.
    pub(super) fn events(&mut self, wanted: &str) -> Vec<Value> {
        let events = self.harness.emitted().into_iter();
        events
            .filter(|(name, _)| name == wanted)
            .map(|(_, event)| event)
            .collect()
    }

    /// The jobs that were asked for since the last look.
    pub(super) fn all_asked(&mut self) -> Vec<Asked> {
        let events = self.harness.emitted();
        let groups = events
            .iter()
            .filter(|(name, _)| name == "horde_group_wanted");
        let made = |uuid: &Value| {
            let mut made = events.iter().filter(|(name, _)| name == "horde_jobs_made");
            let made = made.find(|(_, made)| made["batch"] == *uuid).unwrap();
            made.1["jobs"][0].clone()
        };
        groups
            .map(|(_, group)| Asked {
                uuid: group["group"].as_str().unwrap().to_owned(),
                group: group.clone(),
                request: made(&group["group"])["request"].clone(),
                reservation: made(&group["group"])["reservation"].clone(),
            })
            .collect()
    }

    #[track_caller]
    pub(super) fn asked(&mut self) -> Asked {
        let mut asked = self.all_asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }

    pub(super) fn over(&mut self, asked: &Asked, outcome: &Value) {
        self.harness
            .event("horde_job_over", over(&asked.uuid, outcome));
    }

    /// The trusted miner writes the series.
    pub(super) fn generate(&mut self, asked: &Asked) {
        assert!(asked.is_generation());
        for (number, path) in asked.uploads().into_iter().enumerate() {
            self.objects.insert(path, series(number).into_bytes());
        }
        self.over(asked, &finished());
    }

    /// The trusted miner answers the prompts, as the solver's mock does.
    pub(super) fn solve(&mut self, asked: &Asked) {
        let answers = self.solved(asked);
        self.objects
            .insert(asked.uploads()[0].clone(), answers.to_string().into_bytes());
        self.over(asked, &finished());
    }

    pub(super) fn solved(&self, asked: &Asked) -> Value {
        let seed = asked.argument("--seed").unwrap().parse().unwrap();
        let text = String::from_utf8(self.objects[&asked.volume()].clone()).unwrap();
        let answers = horde_calc::llm::solver_lines(&text)
            .map(|prompt| (prompt, horde_calc::llm::mock_answer(seed, prompt)));
        json!(answers.collect::<BTreeMap<_, _>>())
    }

    /// The store answers all requests, and those that come of it.
    pub(super) fn settle(&mut self) {
        while let Some(call) = self.harness.http_calls().first().cloned() {
            self.serve(&call);
        }
    }

    pub(super) fn serve(&mut self, call: &tig_plugin_api::HttpCall) {
        let path = path_of(&call.url);
        let tag = &call.tag;
        let (is_signed, is_list) = (
            call.url.contains("X-Amz-Signature"),
            call.url.contains("list-type"),
        );
        match call.method.name() {
            "PUT" | "DELETE" if !is_signed => self.harness.respond(tag, 403, DENIED),
            "GET" if is_list => self.harness.respond(tag, 403, DENIED),
            "PUT" => {
                self.objects.insert(path, call.body.clone());
                self.harness.respond(tag, 200, "");
            }
            "DELETE" => {
                self.objects.remove(&path);
                self.harness.respond(tag, 204, "");
            }
            _ => match self.objects.get(&path) {
                Some(body) => self.harness.respond(tag, 200, body.clone()),
                None => self
                    .harness
                    .respond(tag, 404, "<Error><Code>NoSuchKey</Code></Error>"),
            },
        }
    }

    /// Tags of the requests that wait.
    pub(super) fn tags(&self) -> Vec<String> {
        self.harness
            .http_calls()
            .iter()
            .map(|call| call.tag.clone())
            .collect()
    }

    pub(super) fn report(&mut self) -> Value {
        let reply = self.harness.request("GET", "/horde/pool", &[], "").unwrap();
        serde_json::from_slice(&reply.body).unwrap()
    }

    #[track_caller]
    pub(super) fn assert_state(&mut self, station: &str, expected: &str) {
        let report = self.report();
        let state = report["stations"][station]["state"].as_str().unwrap();
        assert!(state.contains(expected), "{station}: {state}");
    }

    #[track_caller]
    pub(super) fn assert_failure(&mut self, station: &str, expected: &str) {
        let report = self.report();
        let failure = &report["stations"][station]["last_failure"];
        let reason = failure["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(expected), "{station}: {failure}");
    }

    /// Asks for samples for these miners, and returns what was given.
    pub(super) fn want(&mut self, batch: &str, miners: &[(&str, u32)]) -> Value {
        self.harness.emitted();
        self.harness
            .event("horde_llm_samples_wanted", wanted(7, batch, miners));
        self.harness.advance_ms(300);
        self.events("horde_llm_samples").remove(0)
    }

    /// Keys of the records with this prefix.
    pub(super) fn records(&self, prefix: &str) -> Vec<String> {
        let keys = self.harness.stored().into_keys();
        keys.filter(|key| key.starts_with(prefix)).collect()
    }

    /// Time passes until the trusted miner is asked for the next job, for which its link is up.
    pub(super) fn wait_for_job(&mut self) -> Asked {
        let asked = self.wait_for_job_unless(|_| false);
        asked.expect("what never holds does not end the wait")
    }

    /// As [`World::wait_for_job`]; `None` once `is_enough` holds without a job.
    pub(super) fn wait_for_job_unless(
        &mut self,
        is_enough: impl Fn(&mut Self) -> bool,
    ) -> Option<Asked> {
        for _ in 0..500 {
            let mut asked = self.all_asked();
            if let Some(asked) = asked.pop() {
                return Some(asked);
            }
            if is_enough(self) {
                return None;
            }
            self.harness.advance_ms(10_000);
            self.settle();
            self.up();
        }
        panic!("no job: {:#}", self.report());
    }
}

pub(super) fn series(number: usize) -> String {
    let lines = (0..LINES).map(|line| format!("prompt {line} of series {number}, déjà vu\n"));
    lines.collect()
}

pub(super) fn wanted(ask: u64, batch: &str, miners: &[(&str, u32)]) -> Value {
    let miners = miners
        .iter()
        .map(|(hotkey, count)| json!({ "hotkey": hotkey, "count": count }));
    let miners: Vec<_> = miners.collect();
    json!({ "ask": ask, "batch": batch, "kind": "horde_job_llm", "miners": miners })
}

pub(super) fn finished() -> Value {
    json!({ "outcome": "finished", "stdout": "", "stderr": "" })
}

pub(super) fn failed() -> Value {
    json!({ "outcome": "failed", "exit_status": 1, "stdout": "", "stderr": "no GPU\n" })
}

pub(super) fn over(uuid: &str, outcome: &Value) -> Value {
    let mut over = json!({
        "group": uuid, "uuid": uuid, "hotkey": "", "times": {
            "reserved_us": 1, "accepted_us": 2, "ready_us": 3, "run_us": 4, "answered_us": 5,
        },
    });
    for (key, value) in outcome.as_object().unwrap() {
        over[key] = value.clone();
    }
    over
}
