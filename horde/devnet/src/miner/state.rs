//! The miner: its state, and what reaches it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use horde_proto::ExecutorClass;
use horde_proto::miner::ToMiner;
use tig_keyring::{Keypair, PublicKey};

use super::connection::{ConnectionId, Connections, QUEUED_COUNT_MAX, Standing};
use super::effect::{Effect, Flood, Outgoing};
use super::faulty_frames;
use super::jobs::Jobs;
use crate::journal::{Journal, MessageKind, MinerReport, ReadFrame, Violation, ViolationKind};
use crate::receipts::ReceiptBook;
use crate::vice::{PerSecond, Seconds, Step, Vice, Vices, Whose};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// What a miner is.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) index: usize,
    pub(crate) keypair: Keypair,
    /// Executors by class.
    pub(crate) executors: BTreeMap<ExecutorClass, u32>,
    /// Whether it answers at once in place of working.
    pub(crate) is_instant: bool,
}

/// What comes from a validator.
#[derive(Clone, Debug)]
pub(crate) enum Received {
    Message(ToMiner),
    /// A text that is not a message, and why.
    Malformed(String),
    Binary,
    Ping,
}

impl Received {
    /// Reads a text frame.
    pub(crate) fn parse(text: &str) -> Self {
        match ToMiner::parse(text) {
            Ok(message) => Self::Message(message),
            Err(error) => Self::Malformed(tig_process::error_chain::error_chain(&error)),
        }
    }

    fn kind(&self) -> MessageKind {
        match self {
            Self::Message(message) => message.into(),
            Self::Malformed(_) => MessageKind::Malformed,
            Self::Binary => MessageKind::Binary,
            Self::Ping => MessageKind::Ping,
        }
    }
}

/// What the port of a miner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    Http,
    Closed,
    /// Takes connections and answers as a TLS server does to what is not TLS.
    Tls,
    /// Takes connections and says nothing.
    Mute,
}

/// What an HTTP request for a websocket gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Upgrade,
    NotFound,
    Moved,
}

/// A miner. See the module.
#[derive(Debug)]
pub(crate) struct Miner {
    pub(super) profile: Profile,
    pub(super) hotkey: String,
    pub(super) vices: Vices,
    /// Steps after which a socket was dropped that only the first one is to be dropped after.
    pub(super) dropped_steps: BTreeSet<Step>,
    pub(super) connections: Connections,
    pub(super) jobs: Jobs,
    pub(super) receipts: ReceiptBook,
    pub(super) journal: Journal,
    /// The uuid of another miner's job.
    pub(super) neighbour_job: Option<String>,
    /// The uuid of the job that came to its end last.
    pub(super) finished_job: Option<String>,
}

impl Miner {
    pub(crate) fn new(profile: Profile, vices: Vices) -> Self {
        Self {
            hotkey: profile.keypair.public().to_ss58(),
            jobs: Jobs::new(profile.executors.clone()),
            profile,
            vices,
            dropped_steps: BTreeSet::new(),
            connections: Connections::default(),
            receipts: ReceiptBook::default(),
            journal: Journal::default(),
            neighbour_job: None,
            finished_job: None,
        }
    }

    /// What the port does.
    pub(crate) fn port(&self) -> Port {
        let ports = [
            (Vice::Refuses, Port::Closed),
            (Vice::SpeaksTls, Port::Tls),
            (Vice::Mute, Port::Mute),
        ];
        let mut ports = ports.into_iter();
        let found = ports.find(|(vice, _)| self.vices.has(*vice));
        found.map_or(Port::Http, |(_, port)| port)
    }

    pub(crate) fn door(&self) -> Door {
        if self.vices.has(Vice::Answers404) {
            Door::NotFound
        } else if self.vices.has(Vice::Answers301) {
            Door::Moved
        } else {
            Door::Upgrade
        }
    }

    /// Notes a job of another miner, for the vice that needs one.
    pub(crate) fn note_neighbour_job(&mut self, uuid: Option<String>) {
        if uuid.is_some() {
            self.neighbour_job = uuid;
        }
    }

    pub(crate) fn needs_neighbour_job(&self) -> bool {
        self.vices.has(Vice::OthersUuids(Whose::Miner))
    }

    /// Whether the miner has stopped to read from a connection.
    pub(crate) fn is_deaf(&self, connection: ConnectionId) -> bool {
        self.connections.is_deaf(connection)
    }

    /// A socket was opened by a validator, whose address in the path may be any text.
    pub(crate) fn connect(&mut self, validator: &str) -> (ConnectionId, Vec<Effect>) {
        let id = self.connections.open(validator);
        self.journal.note_connection();
        let mut effects = Vec::new();
        if let Some(flood) = self.flood() {
            self.write(id, Outgoing::Flood(Some(flood)), &mut effects);
        }
        let is_unknown =
            self.vices.has(Vice::UnknownValidator) || PublicKey::from_ss58(validator).is_err();
        if is_unknown {
            self.refuse_unknown(id, validator, &mut effects);
        } else if self.vices.has(Vice::InactiveValidator) {
            self.refuse_inactive(id, validator, &mut effects);
        }
        (id, effects)
    }

    pub(crate) fn disconnect(&mut self, connection: ConnectionId) {
        self.connections.remove(connection);
    }

    /// A frame was read whole at `at_us`, in microseconds since 1970.
    pub(crate) fn receive(
        &mut self,
        connection: ConnectionId,
        received: Received,
        at_us: i64,
    ) -> Vec<Effect> {
        let job_uuid = match &received {
            Received::Message(message) => message.job_uuid().map(str::to_owned),
            _ => None,
        };
        self.journal.note_read(ReadFrame {
            at_us,
            connection,
            kind: received.kind(),
            job_uuid,
        });
        let mut effects = Vec::new();
        if self.vices.has(Vice::Silent) {
            return effects;
        }
        let at = Moment { connection, at_us };
        match received {
            Received::Message(message) => self.admit(at, message, &mut effects),
            Received::Malformed(fault) => {
                self.accuse(at, ViolationKind::Malformed, None, &fault);
                let error = faulty_frames::generic_error(&fault);
                self.send(connection, &error, &mut effects);
            }
            Received::Binary => {
                let detail = "messages are text frames";
                self.accuse(at, ViolationKind::BinaryFrame, None, detail);
            }
            Received::Ping => {}
        }
        self.serve_waiting(at_us, &mut effects);
        effects
    }

    /// Handles a message, or keeps it until its connection is authenticated.
    fn admit(&mut self, at: Moment, message: ToMiner, effects: &mut Vec<Effect>) {
        let Some(connection) = self.connections.get_mut(at.connection) else {
            return;
        };
        match (connection.standing, message) {
            (Standing::Ending, _) => {}
            (Standing::New, ToMiner::Authenticate(request)) => {
                self.authenticate(at, &request, effects);
            }
            (Standing::New, message) => {
                if connection.queued.len() < QUEUED_COUNT_MAX {
                    connection.queued.push_back((at.at_us, message));
                }
                let detail = "the first frame of a connection is an authentication";
                self.accuse(at, ViolationKind::NotAuthenticated, None, detail);
            }
            (Standing::Open, message) => self.handle(at, message, effects),
        }
    }

    /// Handles a message of an admitted validator.
    pub(super) fn handle(&mut self, at: Moment, message: ToMiner, effects: &mut Vec<Effect>) {
        match message {
            ToMiner::InitialJob(request) => self.reserve(at, *request, effects),
            ToMiner::Job(request) => self.run(at, &request, effects),
            ToMiner::JobAcceptedReceipt(request) => self.take_accepted_receipt(at, request),
            ToMiner::JobFinishedReceipt(request) => {
                self.take_finished_receipt(at, request, effects);
            }
            ToMiner::Authenticate(_) => {
                let detail = "a connection is authenticated once";
                self.accuse(at, ViolationKind::AuthenticatedTwice, None, detail);
            }
            ToMiner::MachineSpecs(request) => {
                let detail = "validators have no machine specs";
                let job = Some(request.job_uuid.as_str());
                self.accuse(at, ViolationKind::UnexpectedMessage, job, detail);
            }
            ToMiner::GenericError(_) => {}
        }
    }

    /// Other vices from now on.
    pub(crate) fn set_vices(&mut self, vices: Vices) -> Vec<Effect> {
        let before = self.flood();
        self.vices = vices;
        self.dropped_steps.clear();
        let mut effects = Vec::new();
        let flood = self.flood();
        if flood != before {
            for id in self.connections.live() {
                self.write(id, Outgoing::Flood(flood), &mut effects);
            }
        }
        effects
    }

    fn flood(&self) -> Option<Flood> {
        self.vices.find(|vice| match vice {
            Vice::FloodsPings(PerSecond(per_second)) => Some(Flood::Pings { per_second }),
            Vice::FloodsFrames(PerSecond(per_second)) => Some(Flood::Frames { per_second }),
            _ => None,
        })
    }

    /// What the miner's clock shows too much.
    pub(crate) fn clock_off_us(&self) -> i64 {
        let seconds = self.vices.find(|vice| match vice {
            Vice::ClockOff(Seconds(seconds)) => Some(seconds),
            _ => None,
        });
        seconds
            .unwrap_or_default()
            .saturating_mul(MICROS_PER_SECOND)
    }

    /// The time by the miner's own clock, in seconds since 1970.
    pub(super) fn own_seconds(&self, at_us: i64) -> i64 {
        at_us
            .saturating_add(self.clock_off_us())
            .div_euclid(MICROS_PER_SECOND)
    }

    /// Records a violation of the protocol.
    pub(super) fn accuse(
        &mut self,
        at: Moment,
        kind: ViolationKind,
        job_uuid: Option<&str>,
        detail: &str,
    ) {
        self.journal.note_violation(Violation {
            at_us: at.at_us,
            connection: at.connection,
            kind,
            job_uuid: job_uuid.map(str::to_owned),
            detail: detail.to_owned(),
        });
    }

    /// The report, with all receipts verified.
    pub(crate) fn report(&mut self) -> MinerReport {
        self.verify_receipts();
        let mut report = MinerReport {
            index: self.profile.index,
            hotkey: self.hotkey.clone(),
            vices: self.vices.texts(),
            open_connection_count: self.connections.count(),
            unfinished_job_count: self.jobs.unfinished_count(),
            receipts: self.receipts.receipts().cloned().collect(),
            ..MinerReport::default()
        };
        self.journal.fill(&mut report);
        report
    }

    /// Forgets what the report has, but for the receipts.
    pub(crate) fn clear_report(&mut self) {
        self.verify_receipts();
        self.journal.clear();
    }

    /// Verifies the receipts that came since the last time.
    pub(crate) fn verify_receipts(&mut self) {
        for violation in self.receipts.verify(&self.profile.keypair) {
            self.journal.note_violation(violation);
        }
    }

    pub(crate) fn receipts(&self) -> &ReceiptBook {
        &self.receipts
    }

    /// How late a result is, on top of what makes everything late.
    pub(super) fn result_delay(&self) -> Option<Duration> {
        self.vices.find(|vice| match vice {
            Vice::LateResult(delay) => Some(Duration::from_millis(delay.0)),
            _ => None,
        })
    }
}

/// Where and when a frame came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) connection: ConnectionId,
    pub(super) at_us: i64,
}
