//! Those at the other end of lines: miners, and the facilitator.

use std::collections::BTreeSet;
use std::time::Duration;

use horde_devnet::MinerAddress;
use horde_devnet::facilitator::{FacilitatorCore, FacilitatorEffect};
use horde_devnet::simulation::{Admission, SimulatedEffect, SimulatedMiner, SocketEffect};

use crate::scenario::MinerProfile;

/// Extension that owns the connections to miners.
const MINERS_OWNER: &str = "horde_miners";

/// Extension that owns the connection to the facilitator.
const FACILITATOR_OWNER: &str = "horde_facilitator";

/// Frames to and from the facilitator travel for at least and at most so many milliseconds.
const FACILITATOR_TRAVEL_MS: (u64, u64) = (1, 60);

/// Someone to whom the host opens connections.
pub(crate) struct Peer {
    /// Beginning of the URLs by which it is called.
    pub(crate) url: String,
    /// Extension that owns the connections.
    pub(crate) owner: &'static str,
    /// Frames travel for at least and at most so many milliseconds.
    pub(crate) travel_ms: (u64, u64),
    /// Milliseconds that the work for a job takes at most.
    pub(crate) work_ms_max: u64,
    /// Of 100 attempts to connect, so many fail.
    pub(crate) refusal_percent: u64,
    pub(crate) mind: Mind,
}

/// What decides.
pub(crate) enum Mind {
    Miner(Box<SimulatedMiner>),
    Facilitator(Box<FacilitatorPeer>),
}

/// A facilitator, and the connections on which it is silent for ever.
pub(crate) struct FacilitatorPeer {
    pub(crate) core: FacilitatorCore,
    frozen: BTreeSet<u64>,
}

/// A peer for each miner.
pub(crate) fn miner_peers(
    seed: u64,
    addresses: &[MinerAddress],
    profiles: &[MinerProfile],
) -> Vec<Peer> {
    let miners = addresses.iter().zip(profiles);
    let peers = miners.map(|(address, profile)| {
        let (executors, vices) = (profile.executors.clone(), profile.vices.clone());
        let miner = SimulatedMiner::new(seed, address.index, executors, vices);
        Peer {
            url: format!("ws://{}/", address.address),
            owner: MINERS_OWNER,
            travel_ms: profile.travel_ms,
            work_ms_max: profile.work_ms_max,
            refusal_percent: profile.refusal_percent,
            mind: Mind::Miner(Box::new(miner)),
        }
    });
    peers.collect()
}

impl Peer {
    /// The facilitator that is called by this URL.
    pub(crate) fn facilitator(core: FacilitatorCore, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            owner: FACILITATOR_OWNER,
            travel_ms: FACILITATOR_TRAVEL_MS,
            work_ms_max: 1,
            refusal_percent: 0,
            mind: Mind::Facilitator(Box::new(FacilitatorPeer {
                core,
                frozen: BTreeSet::new(),
            })),
        }
    }

    pub(super) fn admission(&self) -> Admission {
        match &self.mind {
            Mind::Miner(miner) => miner.admission(),
            Mind::Facilitator(_) => Admission::Accepted,
        }
    }

    /// A connection of this validator was opened. Returns its number.
    pub(super) fn connect(&mut self, validator: &str, now_us: i64) -> (u64, Vec<SimulatedEffect>) {
        match &mut self.mind {
            Mind::Miner(miner) => miner.connect(validator),
            Mind::Facilitator(facilitator) => {
                let (connection, effects) = facilitator.core.connect(None, now_us);
                (connection, facilitator.effects(effects))
            }
        }
    }

    pub(super) fn disconnect(&mut self, connection: u64, now_us: i64) {
        match &mut self.mind {
            Mind::Miner(miner) => miner.disconnect(connection),
            Mind::Facilitator(facilitator) => {
                facilitator.frozen.remove(&connection);
                facilitator.core.disconnect(connection, now_us);
            }
        }
    }

    pub(super) fn has_stopped_reading(&self, connection: u64) -> bool {
        match &self.mind {
            Mind::Miner(miner) => miner.has_stopped_reading(connection),
            Mind::Facilitator(facilitator) => facilitator.frozen.contains(&connection),
        }
    }

    pub(super) fn receive(
        &mut self,
        connection: u64,
        text: &str,
        now_us: i64,
    ) -> Vec<SimulatedEffect> {
        match &mut self.mind {
            Mind::Miner(miner) => miner.receive(connection, text, now_us),
            Mind::Facilitator(facilitator) => {
                let effects = facilitator.core.receive(connection, text, now_us);
                facilitator.effects(effects)
            }
        }
    }

    pub(super) fn alarm(&mut self, number: u64, now_us: i64) -> Vec<SimulatedEffect> {
        match &mut self.mind {
            Mind::Miner(miner) => miner.alarm(number, now_us),
            Mind::Facilitator(_) => Vec::new(),
        }
    }
}

impl FacilitatorPeer {
    /// What happens on its connections.
    pub(crate) fn effects(&mut self, effects: Vec<FacilitatorEffect>) -> Vec<SimulatedEffect> {
        let mut done = Vec::new();
        for effect in effects {
            let (connection, delay, effect) = match effect {
                FacilitatorEffect::Send {
                    connection,
                    delay,
                    text,
                } => (connection, delay, SocketEffect::Text(text)),
                FacilitatorEffect::Close {
                    connection,
                    delay,
                    code,
                } => (connection, delay, SocketEffect::Close(code)),
                FacilitatorEffect::Drop { connection } => {
                    (connection, Duration::ZERO, SocketEffect::Drop)
                }
                FacilitatorEffect::Freeze { connection } => {
                    self.frozen.insert(connection);
                    continue;
                }
            };
            done.push(SimulatedEffect::Socket {
                connection,
                delay,
                effect,
            });
        }
        done
    }
}
