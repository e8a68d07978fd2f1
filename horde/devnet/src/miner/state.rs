//! The miner: its state, and what reaches it.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use horde_proto::ExecutorClass;
use horde_proto::miner::ToMiner;
use tig_keyring::{Keypair, PublicKey};

use super::connection::{ConnectionId, ConnectionState, Connections};
use super::effect::{Effect, Flood, Outgoing};
use super::faulty_frames;
use super::jobs::Jobs;
use super::received::Received;
use crate::journal::{Journal, Origin, ReadFrame, Violation, ViolationKind};
use crate::receipts::ReceiptStore;
use crate::vice::{PerSecond, Seconds, Step, Vice, Vices, Whose};

pub(super) const MICROS_PER_SECOND: i64 = 1_000_000;

/// Whom a miner serves.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// All validators, for receipts.
    Public,
    /// One validator, or any without one, as that validator's own machine: without a look at hotkeys and receipts.
    Local { validator: Option<String> },
}

/// What a miner is.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) index: usize,
    pub(crate) keypair: Keypair,
    /// Executors by class.
    pub(crate) executors: BTreeMap<ExecutorClass, u32>,
    /// Whether it answers at once in place of working.
    pub(crate) is_instant: bool,
    pub(crate) mode: Mode,
}

impl Profile {
    pub(super) fn is_local(&self) -> bool {
        matches!(self.mode, Mode::Local { .. })
    }

    /// Whether a validator may authenticate itself.
    fn knows(&self, validator: &str) -> bool {
        let Mode::Local {
            validator: Some(known),
        } = &self.mode
        else {
            return PublicKey::from_ss58(validator).is_ok();
        };
        known == validator
    }
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
    pub(super) receipts: ReceiptStore,
    pub(super) journal: Journal,
    /// The uuid of another miner's job.
    pub(super) neighbour_job: Option<String>,
    /// The uuid of the job that came to its end last.
    pub(super) finished_job: Option<String>,
    /// When the first reservation came that a vice has declined for some time, in microseconds since 1970.
    pub(super) busy_since_us: Option<i64>,
    /// Seeds of prompts that it has answered.
    pub(super) answered_seeds: BTreeSet<u32>,
    /// What the present event makes happen, in its order.
    pub(super) effects: Vec<Effect>,
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
            receipts: ReceiptStore::default(),
            journal: Journal::default(),
            neighbour_job: None,
            finished_job: None,
            busy_since_us: None,
            answered_seeds: BTreeSet::new(),
            effects: Vec::new(),
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
    pub(crate) fn has_stopped_reading(&self, connection: ConnectionId) -> bool {
        self.connections.has_stopped_reading(connection)
    }

    /// A socket was opened by a validator, whose address in the path may be any text.
    pub(crate) fn connect(&mut self, validator: &str) -> (ConnectionId, Vec<Effect>) {
        let id = self.connections.open(validator);
        self.journal.note_connection();
        if let Some(flood) = self.flood() {
            self.write(id, Outgoing::Flood(Some(flood)));
        }
        if self.vices.has(Vice::UnknownValidator) || !self.profile.knows(validator) {
            self.refuse_unknown(id, validator);
        } else if self.vices.has(Vice::InactiveValidator) {
            self.refuse_inactive(id, validator);
        }
        (id, self.take_effects())
    }

    /// What the event has made happen.
    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        mem::take(&mut self.effects)
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
        if self.vices.has(Vice::Silent) {
            return self.take_effects();
        }
        let at = Origin { connection, at_us };
        match received {
            Received::Message(message) => self.dispatch(at, message),
            Received::Malformed(fault) => {
                self.note_violation(at, ViolationKind::Malformed, None, &fault);
                let error = faulty_frames::generic_error(&fault);
                self.send(connection, &error);
            }
            Received::Binary => {
                let detail = "messages are text frames";
                self.note_violation(at, ViolationKind::BinaryFrame, None, detail);
            }
            Received::Ping => {}
        }
        self.go_on(at_us);
        self.take_effects()
    }

    /// Handles a message, or keeps it until its connection is authenticated.
    fn dispatch(&mut self, at: Origin, message: ToMiner) {
        let Some(connection) = self.connections.get_mut(at.connection) else {
            return;
        };
        match (connection.state, message) {
            (ConnectionState::Ending, _) => {}
            (ConnectionState::New, ToMiner::Authenticate(request)) => {
                self.authenticate(at, &request);
            }
            (ConnectionState::New, message) => {
                connection.queue(at.at_us, message);
                let detail = "the first frame of a connection is an authentication";
                self.note_violation(at, ViolationKind::NotAuthenticated, None, detail);
            }
            (ConnectionState::Open, message) if connection.waits_for.is_some() => {
                connection.queue(at.at_us, message);
            }
            (ConnectionState::Open, message) => self.handle(at, message),
        }
    }

    /// Handles a message of an admitted validator.
    pub(super) fn handle(&mut self, at: Origin, message: ToMiner) {
        match message {
            ToMiner::InitialJob(request) => self.reserve(at, *request),
            ToMiner::Job(request) => self.run(at, &request),
            ToMiner::JobAcceptedReceipt(request) => self.take_accepted_receipt(at, request),
            ToMiner::JobFinishedReceipt(request) => {
                self.take_finished_receipt(at, request);
            }
            ToMiner::Authenticate(_) => {
                let detail = "a connection is authenticated once";
                self.note_violation(at, ViolationKind::AuthenticatedTwice, None, detail);
            }
            ToMiner::MachineSpecs(request) => {
                let detail = "validators have no machine specs";
                let job = Some(request.job_uuid.as_str());
                self.note_violation(at, ViolationKind::UnexpectedMessage, job, detail);
            }
            ToMiner::GenericError(_) => {}
        }
    }

    /// Other vices from now on.
    pub(crate) fn set_vices(&mut self, vices: Vices) -> Vec<Effect> {
        let before = self.flood();
        self.vices = vices;
        self.dropped_steps.clear();
        self.busy_since_us = None;
        let flood = self.flood();
        if flood != before {
            for id in self.connections.live() {
                self.write(id, Outgoing::Flood(flood));
            }
        }
        self.take_effects()
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
    pub(super) fn note_violation(
        &mut self,
        at: Origin,
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
}
