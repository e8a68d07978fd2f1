//! A harness with miners.

use horde_events::{JobOver, Outcome};
use horde_proto::miner::ToMiner;
use serde_json::{Value, json};
use tig_keyring::Keypair;
use tig_plugin_api::WsCloseClass;
use tig_plugin_api::testing::{Harness, SentFrame, TestKey};

use crate::Miners;

/// Longest pause before what follows a start, in milliseconds.
pub(super) const START_PAUSE_MS_MAX: u64 = 12_800;
pub(super) const CLASS: &str = "spin_up-4min.gpu-24gb";
/// The class of executors that need no time to start.
pub(super) const FAST: &str = "always_on.gpu-24gb";
pub(super) const GROUP: &str = "batch-1";

/// The validator of the recordings has another seed; its address is that of its public key.
pub(super) fn keypair() -> Keypair {
    Keypair::from_seed(&[7; 32])
}

pub(super) fn own_hotkey() -> String {
    keypair().public().to_ss58()
}

pub(super) fn key() -> TestKey {
    let keypair = keypair();
    let public = *keypair.public().as_bytes();
    TestKey::new("hotkey", public, move |bytes| {
        keypair.sign(bytes, &[0; 32]).as_bytes().to_vec()
    })
}

pub(super) fn settings(section: Value) -> Value {
    json!({ "name": "horde_miners", "config": { "horde_miners": section } })
}

pub(super) fn start() -> World {
    World(start_harness())
}

/// A miner whose job runs.
pub(super) fn running() -> World {
    let mut world = start();
    world.link(&[1]);
    world.begin_at("running", &[(1, 1)]);
    world
}

pub(super) fn start_with(section: Value) -> World {
    World(harness_with(section))
}

pub(super) fn start_harness() -> Harness<Miners> {
    harness_with(json!({ "allow_private": true }))
}

fn harness_with(section: Value) -> Harness<Miners> {
    let mut harness = Harness::start_with_keys(settings(section), vec![key()]).unwrap();
    harness.advance_ms(0);
    harness
}

/// Hotkey of a miner; its port is 8000 and its number.
pub(super) fn miner(number: usize) -> String {
    format!("5Miner{number}")
}

pub(super) fn uuid(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

pub(super) fn address(number: usize) -> Value {
    json!({ "hotkey": miner(number), "host": "127.0.0.1", "port": 8000 + number })
}

pub(super) fn links_wanted(miners: &[usize]) -> Value {
    let miners: Vec<Value> = miners.iter().map(|number| address(*number)).collect();
    json!({ "holder": "horde_batch", "miners": miners })
}

pub(super) fn manifest() -> String {
    format!(
        r#"{{"message_type":"V0ExecutorManifestRequest","manifest":{{"executor_classes":[{{"executor_class":"{CLASS}","count":2}}]}}}}"#
    )
}

/// A job: its number, its miner, its class and the seconds that its executor takes to start.
pub(super) type Plan = (usize, usize, &'static str, u32);

pub(super) fn plans(jobs: &[(usize, usize)]) -> Vec<Plan> {
    let jobs = jobs.iter();
    jobs.map(|(number, miner)| (*number, *miner, CLASS, 240))
        .collect()
}

pub(super) fn jobs_made(jobs: &[Plan]) -> Value {
    let job = |(number, its_miner, class, _): &Plan| {
        let uuid = uuid(*number);
        json!({
            "uuid": uuid, "hotkey": miner(*its_miner), "timeout_seconds": 53, "check": null, "description": "",
            "reservation": {
                "job_uuid": uuid, "message_type": "V0InitialJobRequest", "executor_class": class,
                "base_docker_image_name": null, "timeout_seconds": 53, "volume": null, "volume_type": "inline",
            },
            "request": {
                "job_uuid": uuid, "message_type": "V0JobRequest", "executor_class": class, "docker_image_name": "i",
                "raw_script": null, "docker_run_options_preset": "none", "docker_run_cmd": [], "volume": null,
                "output_upload": null,
            },
        })
    };
    let jobs: Vec<Value> = jobs.iter().map(job).collect();
    json!({ "ask": 1, "batch": GROUP, "kind": "k", "executor_class": CLASS, "jobs": jobs, "shortage": null })
}

pub(super) fn group_wanted(jobs: &[Plan]) -> Value {
    let job = |(number, its_miner, class, spin_up): &Plan| {
        json!({
            "uuid": uuid(*number), "hotkey": miner(*its_miner), "executor_class": class, "timeout_seconds": 53,
            "spin_up_seconds": spin_up,
        })
    };
    let jobs: Vec<Value> = jobs.iter().map(job).collect();
    json!({ "group": GROUP, "jobs": jobs, "is_organic": false })
}

/// A message of a miner about a job.
pub(super) fn message(kind: &str, job: usize) -> String {
    let outputs = r#","docker_process_stdout":"out","docker_process_stderr":"err""#;
    let more = match kind {
        "JobFinished" => outputs.to_owned(),
        "JobFailed" => format!("{outputs},\"docker_process_exit_status\":3"),
        _ => String::new(),
    };
    let uuid = uuid(job);
    format!(r#"{{"job_uuid":"{uuid}","message_type":"V0{kind}Request"{more}}}"#)
}

/// The extension with miners around it.
pub(super) struct World(pub(super) Harness<Miners>);

impl World {
    /// Links that are up.
    pub(super) fn link(&mut self, miners: &[usize]) {
        self.0.event("horde_links_wanted", links_wanted(miners));
        for number in miners {
            let tag = self.tag(*number);
            self.0.ws_accept(&tag);
            self.0.ws_frame(&tag, &manifest());
        }
        self.0.ws_sent();
        self.0.emitted();
    }

    /// Makes and begins the jobs of a group.
    pub(super) fn begin(&mut self, jobs: &[Plan]) {
        self.0.event("horde_jobs_made", jobs_made(jobs));
        self.0.event("horde_group_wanted", group_wanted(jobs));
    }

    /// A group whose jobs are at this step: `reserved`, `accepted`, `ready` (but for the last one) or `running`.
    pub(super) fn begin_at(&mut self, step: &str, jobs: &[(usize, usize)]) {
        self.begin(&plans(jobs));
        self.write();
        if step == "reserved" {
            return;
        }
        self.say_all("AcceptJob", jobs);
        if step == "accepted" {
            return;
        }
        let ready = if step == "ready" {
            &jobs[..jobs.len() - 1]
        } else {
            jobs
        };
        self.say_all("ExecutorReady", ready);
        if step == "running" {
            self.write();
            self.0.advance_ms(1);
        }
        self.0.emitted();
    }

    pub(super) fn say_all(&mut self, kind: &str, jobs: &[(usize, usize)]) {
        for (number, miner) in jobs {
            self.say(*miner, kind, *number);
        }
    }

    /// Tag of the connection of a miner.
    pub(super) fn tag(&self, number: usize) -> String {
        self.try_tag(number)
            .unwrap_or_else(|| panic!("miner {number} has no connection"))
    }

    pub(super) fn try_tag(&self, number: usize) -> Option<String> {
        let authority = format!("ws://127.0.0.1:{}/", 8000 + number);
        let connections = self.0.ws_connections().iter();
        let mut of_miner = connections.filter(|open| open.url.starts_with(&authority));
        of_miner.next_back().map(|open| open.tag.clone())
    }

    /// A miner sends a message about a job.
    pub(super) fn say(&mut self, miner: usize, kind: &str, job: usize) {
        self.frame(miner, &message(kind, job));
    }

    pub(super) fn frame(&mut self, miner: usize, text: &str) {
        let tag = self.tag(miner);
        self.0.ws_frame(&tag, text);
    }

    /// The kernel has all frames that were sent. Returns them.
    pub(super) fn write(&mut self) -> Vec<SentFrame> {
        let sent = self.0.ws_sent();
        for frame in &sent {
            if let Some(number) = frame.frame {
                self.0.ws_written(&frame.tag, number);
            }
        }
        sent
    }

    /// A miner's connection ends.
    pub(super) fn drop_connection(&mut self, miner: usize) {
        let tag = self.tag(miner);
        self.0.ws_end(&tag, WsCloseClass::Peer);
    }

    /// A miner accepts the connection that is being opened to it.
    pub(super) fn accept(&mut self, miner: usize) {
        let tag = self.tag(miner);
        self.0.ws_accept(&tag);
    }

    /// A miner's connection ends, and the next one is accepted.
    pub(super) fn reconnect(&mut self, miner: usize) {
        self.drop_connection(miner);
        self.accept(miner);
    }

    /// The messages sent since the last call.
    pub(super) fn messages(&mut self) -> Vec<ToMiner> {
        let sent = self.0.ws_sent();
        sent.iter().map(parse).collect()
    }

    /// Types of the messages sent since the last call.
    pub(super) fn types(&mut self) -> Vec<&'static str> {
        self.messages().iter().map(ToMiner::tag).collect()
    }

    /// The events of this name that were emitted since the last call of this or of `emitted`.
    pub(super) fn events(&mut self, wanted: &str) -> Vec<Value> {
        let emitted = self.0.emitted().into_iter();
        let of_name = emitted.filter(|(name, _)| name == wanted);
        of_name.map(|(_, event)| event).collect()
    }

    pub(super) fn over(&mut self) -> Vec<JobOver> {
        let events = self.events("horde_job_over").into_iter();
        events
            .map(|event| serde_json::from_value(event).unwrap())
            .collect()
    }

    /// The outcome of the only job that has ended since the last call.
    pub(super) fn outcome(&mut self) -> Outcome {
        let mut over = self.over();
        assert_eq!(over.len(), 1, "{over:?}");
        over.remove(0).outcome
    }
}

pub(super) fn parse(frame: &SentFrame) -> ToMiner {
    ToMiner::parse(&frame.text).unwrap_or_else(|error| panic!("{error}: {}", frame.text))
}
