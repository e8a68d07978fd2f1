//! What the other extensions say, and what of it is seen.

use horde_proto::facilitator::V2JobRequest;
use tig_keyring::{Keypair, PublicKey};
use tig_plugin_api::testing::Harness;

use super::*;

pub(super) const CLASS: &str = "always_on.gpu-24gb";
pub(super) const SPIN_UP: &str = "spin_up-4min.gpu-24gb";

/// When the tests begin: the list of links that a start sends is so long ago that the next can follow.
pub(super) const START_MS: u64 = 1_700_000_000_020;

/// The extension with all others around it.
pub(super) struct World(pub(super) Harness<Organic>);

/// An attempt that `horde_miners` was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) uuid: String,
    pub(super) hotkey: String,
    /// The whole event, and the frames.
    pub(super) group: Value,
    pub(super) made: Value,
}

pub(super) fn settings(section: Value) -> Value {
    json!({ "name": "horde_organic", "config": { "horde_organic": section } })
}

pub(super) fn user() -> Keypair {
    Keypair::from_seed(&[9; 32])
}

pub(super) fn hotkey(number: u8) -> String {
    PublicKey::from_bytes([number; 32]).to_ss58()
}

pub(super) fn uuid(number: u64) -> String {
    horde_proto::uuid_v4([0, number])
}

/// A config with the user in the whitelist.
pub(super) fn section() -> Value {
    json!({ "whitelist": [user().public().to_ss58()] })
}

pub(super) fn start_with(section: Value) -> World {
    let mut harness = Harness::start(settings(section));
    harness.advance_ms(0);
    harness.advance_ms(20);
    harness.emitted();
    World(harness)
}

/// The same with so many seconds for a job.
pub(super) fn start_with_job_seconds(seconds: u32) -> World {
    let mut section = section();
    section["job_timeout_seconds"] = json!(seconds);
    start_with(section)
}

/// The extension after its start, when the chain has said that miners 1 to 9 serve.
pub(super) fn start() -> World {
    let mut world = start_with(section());
    world.serve(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    world
}

/// A request that names its miner.
pub(super) fn v1(number: u64, miner: u8) -> Value {
    json!({
        "type": "job.new", "message_type": "V1JobRequest", "uuid": uuid(number), "miner_hotkey": hotkey(miner),
        "executor_class": CLASS, "docker_image": "image", "raw_script": "", "args": ["a", "b c"], "env": {},
        "use_gpu": false, "volume": null, "output_upload": null,
    })
}

/// A request that leaves the choice, not signed.
pub(super) fn unsigned_v2(number: u64) -> Value {
    let mut request = v1(number, 0);
    request["message_type"] = json!("V2JobRequest");
    request["signature"] = Value::Null;
    request.as_object_mut().unwrap().remove("miner_hotkey");
    request
}

/// A request that the user has signed at this time.
pub(super) fn sign(request: &Value, signer: &Keypair, at_ms: u64) -> Value {
    let mut request: V2JobRequest = serde_json::from_value(request.clone()).unwrap();
    request.sign(signer, at_ms * 1_000_000, &[0; 32]);
    serde_json::to_value(&request).unwrap()
}

/// A signed request that differs from those of other numbers.
pub(super) fn v2(number: u64, at_ms: u64) -> Value {
    let mut request = unsigned_v2(number);
    request["args"] = json!([format!("job {number}")]);
    sign(&request, &user(), at_ms)
}

pub(super) fn requested(request: &Value, received_ms: u64) -> Value {
    json!({ "uuid": request["uuid"], "request": request, "received_ms": received_ms })
}

pub(super) fn neurons(block: u32, miners: &[u8]) -> Value {
    let neurons: Vec<Value> = miners
        .iter()
        .map(|number| {
            json!({
                "uid": number, "hotkey": hotkey(*number), "total_stake": 0.0, "last_update": 0,
                "axon": { "host": "10.0.0.1", "port": 8000 + u16::from(*number) },
            })
        })
        .collect();
    json!({ "wanted": null, "block": block, "hash": "0x", "neurons": neurons })
}

pub(super) fn up(miner: u8, class: &str, count: u32) -> Value {
    let manifest = json!([{ "executor_class": class, "count": count }]);
    json!({ "hotkey": hotkey(miner), "state": { "up": { "manifest": manifest } } })
}

pub(super) fn down(miner: u8) -> Value {
    json!({ "hotkey": hotkey(miner), "state": { "down": { "reason": "refused" } } })
}

/// The outcome of an attempt, with the fields of the outcome.
pub(super) fn over(attempt: &str, hotkey: &str, outcome: &Value, has_run: bool) -> Value {
    let mut over = json!({ "group": attempt, "uuid": attempt, "hotkey": hotkey, "times": {
        "reserved_us": 1, "accepted_us": 2, "ready_us": 3, "run_us": has_run.then_some(4), "answered_us": 9,
    } });
    let fields = outcome.as_object().unwrap().clone();
    over.as_object_mut().unwrap().extend(fields);
    over
}

pub(super) fn finished() -> Value {
    json!({ "outcome": "finished", "stdout": "out", "stderr": "" })
}

pub(super) fn declined() -> Value {
    json!({ "outcome": "declined" })
}

/// A world in which a V2 job would run.
pub(super) fn routed() -> World {
    let mut world = start();
    world.up(1, 5);
    world.0.emitted();
    world
}

/// Checks that a request is rejected with this reason, at once and once, and that nothing is left of it.
#[track_caller]
pub(super) fn assert_rejected(request: &Value, expected: &str) {
    let mut world = routed();
    world.request(request);
    let statuses = world.statuses();
    assert_eq!(statuses.len(), 1, "{statuses:?}");
    assert_eq!(statuses[0]["uuid"], request["uuid"]);
    assert_eq!(statuses[0]["status"], "rejected");
    let comment = statuses[0]["metadata"]["comment"].as_str().unwrap();
    assert!(comment.contains(expected), "{comment}");
    assert!(world.open_records().is_empty());
    assert_eq!(world.0.unfinished(), 0);
    // It comes twice, also after a restart.
    world.request(request);
    world.kill();
    world.request(request);
    assert!(world.statuses().is_empty());
}

impl World {
    /// The chain says that these miners serve.
    pub(super) fn serve(&mut self, miners: &[u8]) {
        self.0.event("horde_neurons", neurons(7, miners));
    }

    pub(super) fn request(&mut self, request: &Value) {
        let received_ms = self.0.now_ms();
        self.0
            .event("horde_job_requested", requested(request, received_ms));
    }

    /// A miner has shown a manifest.
    pub(super) fn up(&mut self, miner: u8, count: u32) {
        self.0.event("horde_miner_link", up(miner, CLASS, count));
    }

    /// A request for this miner whose attempt was asked for.
    pub(super) fn asked_v1(&mut self, number: u64, miner: u8) -> Asked {
        self.request(&v1(number, miner));
        self.up(miner, 5);
        self.asked()
    }

    /// The one attempt that was asked for since the last look.
    pub(super) fn asked(&mut self) -> Asked {
        let mut asked = self.all_asked();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }

    pub(super) fn all_asked(&mut self) -> Vec<Asked> {
        let emitted = self.0.emitted();
        let of = |wanted: &str| {
            let events = emitted.iter().filter(|(name, _)| name == wanted);
            events.map(|(_, event)| event.clone()).collect::<Vec<_>>()
        };
        let pairs = of("horde_jobs_made")
            .into_iter()
            .zip(of("horde_group_wanted"));
        pairs
            .map(|(made, group)| Asked {
                uuid: group["jobs"][0]["uuid"].as_str().unwrap().to_owned(),
                hotkey: group["jobs"][0]["hotkey"].as_str().unwrap().to_owned(),
                group,
                made,
            })
            .collect()
    }

    pub(super) fn step(&mut self, attempt: &Asked, step: &str) {
        let step = json!({ "group": attempt.uuid, "uuid": attempt.uuid, "step": step, "at_us": 5 });
        self.0.event("horde_job_step", step);
    }

    pub(super) fn over(&mut self, attempt: &Asked, outcome: &Value) {
        let event = over(&attempt.uuid, &attempt.hotkey, outcome, true);
        self.0.event("horde_job_over", event);
    }

    pub(super) fn events(&mut self, wanted: &str) -> Vec<Value> {
        let emitted = self.0.emitted().into_iter();
        let of_name = emitted.filter(|(name, _)| name == wanted);
        of_name.map(|(_, event)| event).collect()
    }

    /// Statuses since the last look.
    pub(super) fn statuses(&mut self) -> Vec<Value> {
        self.events("horde_job_status")
    }

    /// The one status since the last look, and its comment.
    pub(super) fn status(&mut self) -> (String, String) {
        let statuses = self.statuses();
        assert_eq!(statuses.len(), 1, "{statuses:?}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&statuses[0]["status"]),
            text(&statuses[0]["metadata"]["comment"]),
        )
    }

    /// Checks that the one status since the last look is this, with a comment that has this text.
    #[track_caller]
    pub(super) fn assert_status(&mut self, status: &str, comment: &str) {
        let (found, text) = self.status();
        assert!(found == status && text.contains(comment), "{found}: {text}");
    }

    /// The host is killed and starts again.
    pub(super) fn kill(&mut self) {
        self.0.kill();
        self.0.advance_ms(0);
    }

    pub(super) fn report(&mut self) -> Value {
        let reply = self.0.request("GET", "/horde/organic", &[], "").unwrap();
        serde_json::from_slice(&reply.body).unwrap()
    }

    /// What is stored of jobs that are under way.
    pub(super) fn open_records(&self) -> Vec<String> {
        let keys = self.0.stored().into_keys();
        keys.filter(|key| {
            ["job/", "request/", "open/"]
                .iter()
                .any(|it| key.starts_with(it))
        })
        .collect()
    }
}
