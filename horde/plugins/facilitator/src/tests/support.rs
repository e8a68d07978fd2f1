//! A harness with a facilitator.

use horde_proto::facilitator::{JobStatusUpdate, ToFacilitator};
use serde_json::{Value, json};
use tig_keyring::Keypair;
use tig_plugin_api::testing::{Harness, TestKey};
use tig_plugin_api::{WsCloseClass, WsEventKind};

use crate::Facilitator;

pub(super) const URI: &str = "ws://127.0.0.1:9000/ws/v0/";
pub(super) const SUCCESS: &str = r#"{"status":"success","errors":[]}"#;
/// The longest pause after a loss.
pub(super) const PAUSE_MS: u64 = 60_000;

/// A seed of this test alone.
pub(super) fn key() -> TestKey {
    let keypair = Keypair::from_seed(&[7; 32]);
    let public = *keypair.public().as_bytes();
    TestKey::new("hotkey", public, move |bytes| {
        keypair.sign(bytes, &[0; 32]).as_bytes().to_vec()
    })
}

pub(super) fn start_harness() -> Harness<Facilitator> {
    let section = json!({ "uri": URI });
    let settings =
        json!({ "name": "horde_facilitator", "config": { "horde_facilitator": section } });
    Harness::start_with_keys(settings, vec![key()]).unwrap()
}

pub(super) fn start() -> World {
    let mut world = World(start_harness());
    world.0.advance_ms(0);
    world
}

/// A world whose connection is up.
pub(super) fn start_up() -> World {
    let mut world = start();
    world.come_up();
    world
}

pub(super) fn uuid(number: u64) -> String {
    horde_proto::uuid_v4([number, number])
}

/// A request of the V1 kind.
pub(super) fn request(uuid: &str) -> Value {
    json!({
        "type": "job.new", "message_type": "V1JobRequest", "uuid": uuid,
        "miner_hotkey": "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht",
        "executor_class": "spin_up-4min.gpu-24gb", "docker_image": "python:3.11-slim", "raw_script": "",
        "args": ["a"], "env": { "A": "1" }, "use_gpu": false, "volume": null, "output_upload": null,
    })
}

/// The request with one field replaced.
pub(super) fn request_with(uuid: &str, field: &str, value: Value) -> Value {
    let mut request = request(uuid);
    request[field] = value;
    request
}

pub(super) fn status_event(uuid: &str, status: &str, comment: &str) -> Value {
    json!({
        "uuid": uuid, "status": status, "metadata": { "comment": comment, "miner_response": null },
        "hotkey": null, "at_ms": 0,
    })
}

pub(super) fn error_answer(kind: &str) -> String {
    json!({ "status": "error", "errors": [{ "msg": "no", "type": kind, "help": "" }] }).to_string()
}

/// The extension with a facilitator around it.
pub(super) struct World(pub(super) Harness<Facilitator>);

impl World {
    /// The present connection.
    pub(super) fn try_tag(&self) -> Option<String> {
        let run = &self.0.extension().run;
        let tag = run.connection.tag();
        run.connection.is_current(&tag).then_some(tag)
    }

    pub(super) fn tag(&self) -> String {
        self.try_tag().expect("a connection is there")
    }

    pub(super) fn state(&self) -> &'static str {
        self.0.extension().run.connection.state().name()
    }

    /// Accepts the connection that is being opened, and the authentication.
    pub(super) fn come_up(&mut self) {
        let tag = self.tag();
        self.0.ws_accept(&tag);
        let sent = self.sent();
        assert!(
            matches!(sent.last(), Some(ToFacilitator::Authentication(_))),
            "{sent:?}"
        );
        self.frame(SUCCESS);
    }

    /// Waits for the end of a pause and comes up.
    pub(super) fn reconnect(&mut self) {
        self.0.advance_ms(PAUSE_MS);
        self.come_up();
    }

    /// The facilitator sends a frame.
    pub(super) fn frame(&mut self, text: &str) {
        let tag = self.tag();
        self.0.ws_frame(&tag, text);
    }

    pub(super) fn close(&mut self, code: Option<u16>) {
        let tag = self.tag();
        let closed = WsEventKind::Closed {
            code,
            reason: "made by the test".to_owned(),
            class: WsCloseClass::Peer,
            unsent: 0,
        };
        self.0.try_ws(&tag, closed).unwrap();
    }

    pub(super) fn give(&mut self, uuid: &str, status: &str) {
        let event = status_event(uuid, status, "c");
        self.0.event("horde_job_status", event);
    }

    /// The messages sent since the last call.
    pub(super) fn sent(&mut self) -> Vec<ToFacilitator> {
        let sent = self.0.ws_sent().into_iter();
        sent.map(|frame| ToFacilitator::parse(&frame.text).unwrap())
            .collect()
    }

    /// The statuses among the messages sent since the last call.
    pub(super) fn statuses(&mut self) -> Vec<JobStatusUpdate> {
        let sent = self.sent().into_iter();
        sent.filter_map(|message| match message {
            ToFacilitator::JobStatusUpdate(update) => Some(update),
            _ => None,
        })
        .collect()
    }

    /// Job and status of each of [`World::statuses`].
    pub(super) fn status_names(&mut self) -> Vec<(String, &'static str)> {
        let statuses = self.statuses().into_iter();
        statuses
            .map(|update| (update.uuid, update.status.as_str()))
            .collect()
    }

    /// Uuids of the jobs that were given away since the last call.
    pub(super) fn requested(&mut self) -> Vec<String> {
        let emitted = self.0.emitted().into_iter();
        emitted
            .map(|(name, event)| {
                assert_eq!(name, "horde_job_requested");
                event["uuid"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    /// Number of statuses that are stored.
    pub(super) fn stored_statuses(&self) -> usize {
        let stored = self.0.stored();
        stored
            .keys()
            .filter(|key| key.starts_with("status/"))
            .count()
    }
}
