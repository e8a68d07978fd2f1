//! The facilitator as a state machine: no I/O, no clock, and no randomness but what it is given.
//!
//! Times are microseconds since 1970. Effects of one call are in their order; [`FacilitatorCore::tick`] is to be called every second.

mod authentication;
mod connection;
mod effect;
mod faulty_request;
mod jobs;
mod response;
mod resubmission;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use connection::{Connection, Connections};
pub use effect::FacilitatorEffect;
use horde_proto::facilitator::{FACILITATOR_FRAME_BYTES_MAX, MachineSpecsUpdate, ToFacilitator};
use jobs::Jobs;

use super::config::FacilitatorConfig;
use super::fault::{Ending, Fault, FaultStep, Faults};
use super::journal::{
    FacilitatorReport, FacilitatorViolation, FacilitatorViolationKind as Kind, JobRecord,
    Violations,
};

/// A connection on which nothing comes for so long is closed.
const SILENCE_TIMEOUT_US: i64 = 600_000_000;
/// A pause between heartbeats that breaks the protocol.
const HEARTBEAT_TIMEOUT_US: i64 = 90_000_000;
/// Validators without a heartbeat for so long get no jobs.
const ALIVE_TIMEOUT_US: i64 = 180_000_000;

/// The validator is not known, not active any more, or silent.
const CODE_NOT_ACTIVE: u16 = 3001;
/// The signature is not valid.
const CODE_BAD_SIGNATURE: u16 = 3000;
/// The facilitator goes away, by the fault `storm`.
const CODE_AWAY: u16 = 1001;
/// A frame is too large.
const CODE_TOO_LARGE: u16 = 1009;
/// A handler of the facilitator has failed.
const CODE_FAILED: u16 = 1011;

/// What is known of a validator.
#[derive(Clone, Copy, Debug, Default)]
struct Validator {
    /// When it last authenticated itself or sent a heartbeat.
    alive_us: i64,
    job_count: u64,
}

/// A facilitator without sockets and clock. See the module.
#[derive(Debug)]
pub struct FacilitatorCore {
    config: FacilitatorConfig,
    /// Makes uuids of different runs differ.
    entropy: u64,
    drawn_count: u64,
    connections: Connections,
    validators: BTreeMap<String, Validator>,
    jobs: Jobs,
    violations: Violations,
    /// What happened once, of what happens once.
    ended_once: BTreeSet<(Ending, FaultStep)>,
}

impl FacilitatorCore {
    /// A facilitator without connections and jobs. `entropy` decides the uuids of jobs: another number at each start, since
    /// validators remember them.
    pub fn new(config: FacilitatorConfig, entropy: u64) -> Self {
        Self {
            config,
            entropy,
            drawn_count: 0,
            connections: Connections::default(),
            validators: BTreeMap::new(),
            jobs: Jobs::default(),
            violations: Violations::default(),
            ended_once: BTreeSet::new(),
        }
    }

    /// A websocket was opened by a validator that states this version. Returns the number of the connection.
    pub fn connect(&mut self, version: Option<&str>, now_us: i64) -> (u64, Vec<FacilitatorEffect>) {
        let id = self.connections.open(version, now_us);
        let mut effects = Vec::new();
        let storm = self.config.faults.delay(|fault| match fault {
            Fault::Storm(delay) => Some(delay),
            _ => None,
        });
        effects.extend(storm.map(|delay| FacilitatorEffect::Close {
            connection: id,
            delay,
            code: CODE_AWAY,
        }));
        self.end_at(id, FaultStep::Connect, &mut effects);
        (id, effects)
    }

    /// A connection has ended.
    pub fn disconnect(&mut self, connection: u64, now_us: i64) {
        self.connections.end(connection, now_us);
    }

    /// A text frame was read, after what the frames before it had caused was sent.
    pub fn receive(&mut self, id: u64, text: &str, now_us: i64) -> Vec<FacilitatorEffect> {
        if let Some(connection) = self.connection(id) {
            connection.has_unsent_answer = false;
        }
        self.receive_early(id, text, now_us)
    }

    /// A text frame was read while what the frame before it had caused was not sent yet: the validator has not waited for it.
    pub fn receive_early(&mut self, id: u64, text: &str, now_us: i64) -> Vec<FacilitatorEffect> {
        let mut effects = Vec::new();
        let Some(connection) = self.connections.reading(id, now_us) else {
            return effects;
        };
        let is_authenticated = connection.validator.is_some();
        if text.len() > FACILITATOR_FRAME_BYTES_MAX {
            return self.receive_too_large(id, now_us);
        }
        let message = match ToFacilitator::parse(text) {
            Ok(message) => message,
            Err(error) => {
                let detail = tig_process::error_chain::error_chain(&error);
                self.note(id, Kind::Malformed, None, detail, now_us);
                self.answer(id, response::malformed(&error), &mut effects);
                return effects;
            }
        };
        match message {
            ToFacilitator::Authentication(request) => {
                self.authenticate(id, &request, now_us, &mut effects);
            }
            other if !is_authenticated => {
                let detail = format!("{} came first", other.tag());
                self.note(id, Kind::NotAuthenticated, None, detail, now_us);
                self.answer(id, response::not_authenticated(), &mut effects);
            }
            ToFacilitator::Heartbeat(_) => self.note_heartbeat(id, now_us),
            ToFacilitator::JobStatusUpdate(update) => {
                self.take_status(id, update, now_us, &mut effects);
            }
            // It has no answer, and is of no use here.
            ToFacilitator::MachineSpecsUpdate(MachineSpecsUpdate { .. }) => {}
        }
        effects
    }

    /// A binary frame was read.
    pub fn receive_binary(&mut self, id: u64, now_us: i64) -> Vec<FacilitatorEffect> {
        let mut effects = Vec::new();
        if self.connections.reading(id, now_us).is_some() {
            let detail = "a binary frame".to_owned();
            self.note(id, Kind::BinaryFrame, None, detail, now_us);
            self.answer(id, response::binary(), &mut effects);
        }
        effects
    }

    /// A frame above 1 MiB came.
    pub fn receive_too_large(&mut self, id: u64, now_us: i64) -> Vec<FacilitatorEffect> {
        let mut effects = Vec::new();
        if self.connections.reading(id, now_us).is_some() {
            let detail = format!("a frame above {FACILITATOR_FRAME_BYTES_MAX} bytes");
            self.note(id, Kind::FrameTooLarge, None, detail, now_us);
            self.end(id, Ending::Close(CODE_TOO_LARGE), &mut effects);
        }
        effects
    }

    /// Time has passed: connections that are silent are closed, and heartbeats that are missing are noted.
    pub fn tick(&mut self, now_us: i64) -> Vec<FacilitatorEffect> {
        let mut effects = Vec::new();
        for id in self.connections.silent_since(now_us - SILENCE_TIMEOUT_US) {
            self.end(id, Ending::Close(CODE_NOT_ACTIVE), &mut effects);
        }
        let since_us = now_us - HEARTBEAT_TIMEOUT_US;
        for id in self.connections.take_without_heartbeat(since_us) {
            let detail = "no heartbeat for 90 s".to_owned();
            self.note(id, Kind::HeartbeatMissing, None, detail, now_us);
        }
        effects
    }

    /// Other faults, in place of those that it has. Connections stay as they are.
    pub fn set_faults(&mut self, faults: Faults) {
        self.config.faults = faults;
        self.ended_once.clear();
    }

    /// Knows these validators from now on, or all; connections of others are closed.
    pub fn set_validators(
        &mut self,
        validators: Option<BTreeSet<String>>,
    ) -> Vec<FacilitatorEffect> {
        self.config.validators = validators;
        let mut effects = Vec::new();
        for (id, validator) in self.connections.authenticated() {
            if !self.knows(&validator) {
                self.end(id, Ending::Close(CODE_NOT_ACTIVE), &mut effects);
            }
        }
        effects
    }

    /// The jobs, in the order in which they were ordered.
    pub fn jobs(&self) -> impl DoubleEndedIterator<Item = &JobRecord> {
        self.jobs.records()
    }

    /// The job with this uuid.
    pub fn job(&self, uuid: &str) -> Option<&JobRecord> {
        self.jobs.get(uuid).map(|job| &job.record)
    }

    /// What it has sent and seen.
    pub fn report(&self) -> FacilitatorReport {
        FacilitatorReport {
            faults: self.config.faults.texts(),
            connections: self.connections.records(),
            jobs: self.jobs().cloned().collect(),
            violations: self.violations.kept.clone(),
            violation_count: self.violations.count,
        }
    }

    /// Takes the violations that are not in the log yet.
    pub(crate) fn take_unlogged(&mut self) -> &[FacilitatorViolation] {
        self.violations.take_unlogged()
    }

    fn knows(&self, validator: &str) -> bool {
        let known = self.config.validators.as_ref();
        known.is_none_or(|known| known.contains(validator))
    }

    fn note(&mut self, connection: u64, kind: Kind, job: Option<&str>, detail: String, at_us: i64) {
        self.violations.note(FacilitatorViolation {
            at_us,
            connection,
            kind,
            job_uuid: job.map(str::to_owned),
            detail,
        });
    }

    fn connection(&mut self, id: u64) -> Option<&mut Connection> {
        self.connections.get_mut(id)
    }
}

#[cfg(test)]
mod tests;
