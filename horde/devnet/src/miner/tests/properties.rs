//! Whatever a validator does, in any order and on several sockets: an honest miner keeps the order of the protocol, and no miner
//! panics or says anything to a connection that it has ended.

use std::collections::{BTreeMap, BTreeSet};

use horde_proto::miner::{
    AuthenticateRequest, AuthenticationPayload, DockerRunOptionsPreset, InitialJobRequest,
    JobAcceptedReceiptRequest, JobFinishedReceiptRequest, JobRequest, ToMiner, ToValidator,
};
use horde_proto::receipt::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload,
};
use horde_proto::{ExecutorClass, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use tig_keyring::Keypair;

use crate::miner::connection::ConnectionId;
use crate::miner::effect::{Effect, Frame, Outgoing};
use crate::miner::{Miner, Mode, Profile, Received};
use crate::vice::{Vice, Vices};
use crate::work::Outcome;

const EXECUTORS: u32 = 2;
const JOBS: usize = 5;
/// 2024-11-28.
const NOW_US: i64 = 1_732_806_192_000_000;

/// What happens. Sockets and jobs are by number; those that are not there are left out.
#[derive(Clone, Debug)]
enum Event {
    Connect,
    Authenticate(usize),
    Reserve(usize, usize),
    Confirm(usize, usize),
    Run(usize, usize),
    Acknowledge(usize, usize),
    Malformed(usize),
    Complete(usize),
    Wake(usize),
    Disconnect(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let (socket, job) = (0..3_usize, 0..JOBS);
    let both = (socket.clone(), job.clone());
    prop_oneof![
        2 => Just(Event::Connect),
        3 => socket.clone().prop_map(Event::Authenticate),
        5 => both.clone().prop_map(|(socket, job)| Event::Reserve(socket, job)),
        2 => both.clone().prop_map(|(socket, job)| Event::Confirm(socket, job)),
        5 => both.clone().prop_map(|(socket, job)| Event::Run(socket, job)),
        1 => both.prop_map(|(socket, job)| Event::Acknowledge(socket, job)),
        1 => socket.clone().prop_map(Event::Malformed),
        4 => job.clone().prop_map(Event::Complete),
        1 => job.prop_map(Event::Wake),
        1 => socket.prop_map(Event::Disconnect),
    ]
}

/// A miner and all that it has sent.
struct World {
    miner: Miner,
    validator: Keypair,
    sockets: Vec<ConnectionId>,
    ended: BTreeSet<ConnectionId>,
    /// Jobs whose work was begun.
    begun: BTreeSet<String>,
    /// Types of messages about each job on each socket.
    said: BTreeMap<(ConnectionId, String), Vec<&'static str>>,
    /// Results of each job, on whatever socket.
    results: BTreeMap<String, BTreeSet<String>>,
}

fn uuid(job: usize) -> String {
    format!("0b8f5ab8-6f7a-4a3c-9f57-{job:012}")
}

impl World {
    fn new(vices: Vices) -> Self {
        let profile = Profile {
            index: 0,
            keypair: Keypair::from_seed(&[0xdd; 32]),
            executors: [(ExecutorClass::default(), EXECUTORS)].into(),
            is_instant: false,
            mode: Mode::Public,
        };
        Self {
            miner: Miner::new(profile, vices),
            validator: Keypair::from_seed(&[0xbb; 32]),
            sockets: Vec::new(),
            ended: BTreeSet::new(),
            begun: BTreeSet::new(),
            said: BTreeMap::new(),
            results: BTreeMap::new(),
        }
    }

    fn happen(&mut self, event: &Event) {
        let effects = match event {
            Event::Connect => {
                let (id, effects) = self.miner.connect(&self.validator.public().to_ss58());
                self.sockets.push(id);
                effects
            }
            Event::Authenticate(socket) => self.receive(*socket, self.authentication()),
            Event::Reserve(socket, job) => self.receive(*socket, self.reservation(*job)),
            Event::Confirm(socket, job) => self.receive(*socket, self.accepted_receipt(*job)),
            Event::Run(socket, job) => self.receive(*socket, run(*job)),
            Event::Acknowledge(socket, job) => self.receive(*socket, self.finished_receipt(*job)),
            Event::Malformed(socket) => self.receive(*socket, Received::parse("{")),
            Event::Complete(job) if self.begun.contains(&uuid(*job)) => {
                self.miner
                    .complete(&uuid(*job), Outcome::finished("done"), NOW_US)
            }
            Event::Complete(_) => Vec::new(),
            Event::Wake(job) => self.miner.wake(&uuid(*job), NOW_US),
            Event::Disconnect(socket) => {
                if *socket < self.sockets.len() {
                    self.miner.disconnect(self.sockets.remove(*socket));
                }
                Vec::new()
            }
        };
        effects.into_iter().for_each(|effect| self.take(effect));
    }

    fn receive(&mut self, socket: usize, received: Received) -> Vec<Effect> {
        match self.sockets.get(socket) {
            Some(id) => self.miner.receive(*id, received, NOW_US),
            None => Vec::new(),
        }
    }

    fn take(&mut self, effect: Effect) {
        let (connection, outgoing) = match effect {
            Effect::Write {
                connection,
                outgoing,
                ..
            } => (connection, outgoing),
            Effect::Start { job_uuid, .. } => {
                assert!(self.begun.insert(job_uuid), "work is begun once");
                return;
            }
            Effect::Wake { .. } => return,
        };
        assert!(!self.ended.contains(&connection), "an ended connection");
        assert!(
            self.sockets.contains(&connection),
            "a connection that is gone"
        );
        match outgoing {
            Outgoing::Frame(Frame::Text(text)) => self.note(connection, &text),
            Outgoing::Close { .. } | Outgoing::Drop => {
                self.ended.insert(connection);
            }
            Outgoing::Frame(Frame::Binary(_)) | Outgoing::Flood(_) => {}
        }
    }

    fn note(&mut self, connection: ConnectionId, text: &str) {
        let Ok(message) = ToValidator::parse(text) else {
            return;
        };
        if let Some(uuid) = message.job_uuid() {
            let key = (connection, uuid.to_owned());
            self.said.entry(key).or_default().push(message.tag());
            if let ToValidator::JobFinished(_) | ToValidator::JobFailed(_) = message {
                let results = self.results.entry(uuid.to_owned()).or_default();
                results.insert(text.to_owned());
            }
        }
    }

    fn hotkeys(&self) -> [String; 2] {
        let miner = Keypair::from_seed(&[0xdd; 32]).public().to_ss58();
        [miner, self.validator.public().to_ss58()]
    }

    fn authentication(&self) -> Received {
        let [miner_hotkey, validator_hotkey] = self.hotkeys();
        let payload = AuthenticationPayload {
            validator_hotkey,
            miner_hotkey,
            timestamp: NOW_US / 1_000_000,
        };
        let request = AuthenticateRequest::new(payload, &self.validator, &[0; 32]);
        Received::Message(request.into())
    }

    fn reservation(&self, job: usize) -> Received {
        let [miner_hotkey, validator_hotkey] = self.hotkeys();
        let payload = JobStartedReceiptPayload {
            job_uuid: uuid(job),
            miner_hotkey,
            validator_hotkey,
            timestamp: now(),
            executor_class: ExecutorClass::default(),
            max_timeout: 30,
            is_organic: false,
            ttl: 240,
        };
        let request = InitialJobRequest {
            job_uuid: uuid(job),
            executor_class: None,
            base_docker_image_name: None,
            timeout_seconds: Some(30),
            volume: None,
            volume_type: None,
            job_started_receipt_payload: payload,
            job_started_receipt_signature: String::new(),
        };
        Received::Message(ToMiner::InitialJob(Box::new(request)))
    }

    fn accepted_receipt(&self, job: usize) -> Received {
        let [miner_hotkey, validator_hotkey] = self.hotkeys();
        let payload = JobAcceptedReceiptPayload {
            job_uuid: uuid(job),
            miner_hotkey,
            validator_hotkey,
            timestamp: now(),
            time_accepted: now(),
            ttl: 360,
        };
        let signature = String::new();
        Received::Message(JobAcceptedReceiptRequest { payload, signature }.into())
    }

    fn finished_receipt(&self, job: usize) -> Received {
        let [miner_hotkey, validator_hotkey] = self.hotkeys();
        let payload = JobFinishedReceiptPayload {
            job_uuid: uuid(job),
            miner_hotkey,
            validator_hotkey,
            timestamp: now(),
            time_started: now(),
            time_took_us: 1,
            score_str: "1".to_owned(),
        };
        let signature = String::new();
        Received::Message(JobFinishedReceiptRequest { payload, signature }.into())
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix_micros(NOW_US).unwrap()
}

fn run(job: usize) -> Received {
    let request = JobRequest {
        job_uuid: uuid(job),
        executor_class: None,
        docker_image_name: None,
        raw_script: Some("print(1)".to_owned()),
        docker_run_options_preset: DockerRunOptionsPreset::None,
        docker_run_cmd: Vec::new(),
        volume: None,
        output_upload: None,
    };
    Received::Message(ToMiner::Job(Box::new(request)))
}

/// What an honest miner may say about a job on one socket, whenever that was opened.
fn is_in_order(said: &[&str]) -> bool {
    let place = |tag: &&str| match *tag {
        "V0AcceptJobRequest" | "V0DeclineJobRequest" => 0,
        "V0ExecutorReadyRequest" => 1,
        "V0MachineSpecsRequest" => 2,
        _ => 3,
    };
    let places: Vec<i32> = said.iter().map(place).collect();
    places.windows(2).all(|pair| pair[0] < pair[1])
}

proptest! {
    #[test]
    fn honest_miner_keeps_the_order(events in vec(event(), 0..60)) {
        let mut world = World::new(Vices::default());
        for event in &events {
            world.happen(event);
            let unfinished = world.miner.report().unfinished_job_count;
            prop_assert!(unfinished <= EXECUTORS as usize, "{unfinished} executors are in use");
        }
        for (key, said) in &world.said {
            prop_assert!(is_in_order(said), "{key:?}: {said:?}");
        }
        for (uuid, results) in &world.results {
            prop_assert!(world.begun.contains(uuid), "{uuid} has a result without a run");
            prop_assert_eq!(results.len(), 1);
        }
    }

    #[test]
    fn miners_with_vices_survive_any_order(
        events in vec(event(), 0..40),
        chosen in vec(any::<proptest::sample::Index>(), 0..4),
    ) {
        let list = Vice::list();
        // Frames of mebibytes would take the time of all others.
        let small = list.iter().filter(|info| !["huge-frame", "large-stdout"].contains(&info.name));
        let names: Vec<&str> = small.map(|info| info.name).collect();
        let vices: Vec<&str> = chosen.iter().map(|index| *index.get(&names)).collect();
        let mut world = World::new(Vices::parse(&vices).unwrap());
        for event in &events {
            world.happen(event);
        }
        world.miner.report();
    }
}
