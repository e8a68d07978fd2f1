//! A miner for simulations: the state machine alone. Sockets, the time and the order of things are the caller's.
//!
//! The work of executors is done at once, and what came of it waits for [`SimulatedMiner::alarm`]: how long it takes is the
//! caller's, too. Floods are of the socket, so that nothing of them is left here.

use std::collections::BTreeMap;
use std::time::Duration;

use horde_proto::ExecutorClass;

use crate::address::miner_keypair;
use crate::journal::MinerReport;
use crate::miner::{Effect, Frame, Handshake, Miner, Mode, Outgoing, Profile, Received};
use crate::port::Port;
use crate::vice::Vices;
use crate::work::Outcome;

/// What becomes of an attempt to open a websocket to a miner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It opens.
    Accepted,
    /// The port is closed.
    Refused,
    /// The port speaks TLS.
    Tls,
    /// Nothing answers.
    Mute,
    /// The answer is another than the upgrade to a websocket.
    Otherwise,
}

/// What happens to a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketEffect {
    /// A text frame is sent.
    Text(String),
    /// A binary frame is sent.
    Binary,
    /// The closing handshake begins.
    Close(u16),
    /// The connection ends without one.
    Drop,
}

/// What a miner makes happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulatedEffect {
    /// Something on a connection.
    Socket {
        /// Number of the connection.
        connection: u64,
        /// How much later; things of the same moment keep their order.
        delay: Duration,
        /// What.
        effect: SocketEffect,
    },
    /// [`SimulatedMiner::alarm`] is to be called.
    Alarm {
        /// The number to call it with.
        number: u64,
        /// How much later; `None` for the work of an executor, which takes what the caller likes.
        after: Option<Duration>,
    },
}

/// What waits for an alarm.
#[derive(Debug)]
enum Waiting {
    Work { job_uuid: String, outcome: Outcome },
    Wake { job_uuid: String },
}

/// A miner without sockets and clock. Times are microseconds since 1970.
#[derive(Debug)]
pub struct SimulatedMiner {
    miner: Miner,
    waiting: BTreeMap<u64, Waiting>,
    alarm_count: u64,
}

impl SimulatedMiner {
    /// Miner number `index` of the network of `seed`.
    pub fn new(
        seed: u64,
        index: usize,
        executors: BTreeMap<ExecutorClass, u32>,
        vices: Vices,
    ) -> Self {
        let profile = Profile {
            index,
            keypair: miner_keypair(seed, index),
            executors,
            is_instant: false,
            mode: Mode::Public,
        };
        Self {
            miner: Miner::new(profile, vices),
            waiting: BTreeMap::new(),
            alarm_count: 0,
        }
    }

    /// What becomes of an attempt to open a websocket.
    pub fn admission(&self) -> Admission {
        match (self.miner.port(), self.miner.handshake()) {
            (Port::Closed, _) => Admission::Refused,
            (Port::Tls, _) => Admission::Tls,
            (Port::Mute, _) => Admission::Mute,
            (Port::Http, Handshake::Accepted) => Admission::Accepted,
            (Port::Http, Handshake::NotFound | Handshake::Moved) => Admission::Otherwise,
        }
    }

    /// A websocket was opened by the validator of this SS58 address. Returns the number of the connection.
    pub fn connect(&mut self, validator: &str) -> (u64, Vec<SimulatedEffect>) {
        let (connection, effects) = self.miner.connect(validator);
        (connection, self.effects(effects))
    }

    /// A connection has ended.
    pub fn disconnect(&mut self, connection: u64) {
        self.miner.disconnect(connection);
    }

    /// Whether nothing is read from a connection any more.
    pub fn has_stopped_reading(&self, connection: u64) -> bool {
        self.miner.has_stopped_reading(connection)
    }

    /// A text frame was read.
    pub fn receive(&mut self, connection: u64, text: &str, at_us: i64) -> Vec<SimulatedEffect> {
        let received = Received::parse(text);
        let effects = self.miner.receive(connection, received, at_us);
        self.effects(effects)
    }

    /// The time of an alarm has come. An alarm is called once.
    pub fn alarm(&mut self, number: u64, now_us: i64) -> Vec<SimulatedEffect> {
        let effects = match self.waiting.remove(&number) {
            Some(Waiting::Work { job_uuid, outcome }) => {
                self.miner.complete(&job_uuid, outcome, now_us)
            }
            Some(Waiting::Wake { job_uuid }) => self.miner.wake(&job_uuid, now_us),
            None => Vec::new(),
        };
        self.effects(effects)
    }

    /// What the miner has seen.
    pub fn report(&mut self) -> MinerReport {
        self.miner.report()
    }

    fn effects(&mut self, effects: Vec<Effect>) -> Vec<SimulatedEffect> {
        let effects = effects.into_iter();
        effects.filter_map(|effect| self.effect(effect)).collect()
    }

    fn effect(&mut self, effect: Effect) -> Option<SimulatedEffect> {
        match effect {
            Effect::Write {
                connection,
                delay,
                outgoing,
            } => Some(SimulatedEffect::Socket {
                connection,
                delay,
                effect: socket_effect(outgoing)?,
            }),
            Effect::Start { job_uuid, work } => {
                let outcome = work.execute_here();
                Some(self.wait(Waiting::Work { job_uuid, outcome }, None))
            }
            Effect::Wake { job_uuid, after } => {
                Some(self.wait(Waiting::Wake { job_uuid }, Some(after)))
            }
        }
    }

    fn wait(&mut self, waiting: Waiting, after: Option<Duration>) -> SimulatedEffect {
        let number = self.alarm_count;
        self.alarm_count += 1;
        self.waiting.insert(number, waiting);
        SimulatedEffect::Alarm { number, after }
    }
}

fn socket_effect(outgoing: Outgoing) -> Option<SocketEffect> {
    match outgoing {
        Outgoing::Frame(Frame::Text(text)) => Some(SocketEffect::Text(text)),
        Outgoing::Frame(Frame::Binary(_)) => Some(SocketEffect::Binary),
        Outgoing::Close { code } => Some(SocketEffect::Close(code)),
        Outgoing::Drop => Some(SocketEffect::Drop),
        Outgoing::Flood(_) => None,
    }
}
