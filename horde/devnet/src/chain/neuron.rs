//! Neurons of the subnet, in the form in which Pylon shows them (section 5.2).

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::config::ChainConfig;
use super::keys::validator_keypair;
use crate::address::MinerAddress;

/// Stakes of the validator under test.
const OWN_STAKES: Stakes = Stakes::new(20_000.0, 1_000.0);
/// Alpha stake of the first of the other validators; each next one has more.
const ALPHA_FIRST: f64 = 1_500.0;
const ALPHA_STEP: f64 = 100.0;
/// Some validators are such by the stake of the root network alone: `stake` does not show it, `stakes.total` does (section
/// 10.11). Each third one is of that kind.
const ROOT_STAKED: Stakes = Stakes::new(400.0, 1_200.0);
const ROOT_STAKED_EACH: usize = 3;

/// What protocol numbers of axons say for IPv4.
const PROTOCOL_V4: u8 = 4;

/// A neuron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neuron {
    /// Its place in the subnet.
    pub uid: u16,
    /// SS58 address of its owner's key. The same as the hotkey.
    pub coldkey: String,
    /// SS58 address of its hotkey.
    pub hotkey: String,
    /// Always true: the chain does not calculate activity.
    pub active: bool,
    /// Where it serves.
    pub axon_info: Axon,
    /// Its stake in alpha.
    pub stake: f64,
    /// The chain runs no consensus: this and the next seven stay as they are.
    pub rank: f64,
    /// See `rank`.
    pub emission: f64,
    /// See `rank`.
    pub incentive: f64,
    /// See `rank`.
    pub consensus: f64,
    /// See `rank`.
    pub trust: f64,
    /// See `rank`.
    pub validator_trust: f64,
    /// See `rank`.
    pub dividends: f64,
    /// The block in which it set weights, committed to weights or was registered last.
    pub last_update: u32,
    /// Whether it may set weights as a validator.
    pub validator_permit: bool,
    /// See `rank`.
    pub pruning_score: u16,
    /// Its stakes.
    pub stakes: Stakes,
}

/// Where a neuron serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Axon {
    /// IP address; 0.0.0.0 if it does not serve.
    pub ip: String,
    /// Port.
    pub port: u32,
    /// Version of the IP protocol.
    pub protocol: u8,
}

impl Axon {
    /// That of a neuron that does not serve.
    pub fn unset() -> Self {
        Self {
            ip: Ipv4Addr::UNSPECIFIED.to_string(),
            port: 0,
            protocol: PROTOCOL_V4,
        }
    }
}

impl From<SocketAddr> for Axon {
    fn from(address: SocketAddr) -> Self {
        Self {
            ip: address.ip().to_string(),
            port: address.port().into(),
            protocol: PROTOCOL_V4,
        }
    }
}

/// Stakes of a neuron.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stakes {
    /// In the subnet's own token.
    pub alpha: f64,
    /// By the root network.
    pub tao: f64,
    /// Both.
    pub total: f64,
}

impl Stakes {
    /// These stakes and their sum.
    pub const fn new(alpha: f64, tao: f64) -> Self {
        let total = alpha + tao;
        Self { alpha, tao, total }
    }
}

impl Neuron {
    pub(super) fn new(uid: u16, hotkey: String, axon: Axon, block: u32) -> Self {
        Self {
            uid,
            coldkey: hotkey.clone(),
            hotkey,
            active: true,
            axon_info: axon,
            stake: 0.0,
            rank: 0.0,
            emission: 0.0,
            incentive: 0.0,
            consensus: 0.0,
            trust: 0.0,
            validator_trust: 0.0,
            dividends: 0.0,
            last_update: block,
            validator_permit: false,
            pruning_score: u16::MAX,
            stakes: Stakes::default(),
        }
    }

    pub(super) fn set_stakes(&mut self, stakes: Stakes) {
        self.stake = stakes.alpha;
        self.stakes = stakes;
    }

    fn validator(uid: u16, hotkey: String, stakes: Stakes, block: u32) -> Self {
        let mut neuron = Self::new(uid, hotkey, Axon::unset(), block);
        neuron.set_stakes(stakes);
        neuron.validator_permit = true;
        neuron
    }
}

/// The neurons at the start, in the order of their uids: the validator under test, the other validators, the miners.
pub(super) fn first_neurons(
    config: &ChainConfig,
    seed: u64,
    miners: &[MinerAddress],
) -> Vec<Neuron> {
    // Nobody has set weights yet.
    let block = 0;
    let mut uids = 0..=u16::MAX;
    let mut neurons = Vec::new();
    if let Some(uid) = uids.next() {
        let hotkey = config.hotkey.clone();
        neurons.push(Neuron::validator(uid, hotkey, OWN_STAKES, block));
    }
    for (index, uid) in (0..config.validators).zip(uids.by_ref()) {
        let hotkey = validator_keypair(seed, index).public().to_ss58();
        let stakes = validator_stakes(index);
        neurons.push(Neuron::validator(uid, hotkey, stakes, block));
    }
    for (miner, uid) in miners.iter().zip(uids) {
        let axon = Axon::from(miner.address);
        neurons.push(Neuron::new(uid, miner.hotkey.clone(), axon, block));
    }
    neurons
}

fn validator_stakes(index: usize) -> Stakes {
    match index % ROOT_STAKED_EACH {
        0 => ROOT_STAKED,
        _ => Stakes::new(ALPHA_FIRST + ALPHA_STEP * index as f64, 0.0),
    }
}
