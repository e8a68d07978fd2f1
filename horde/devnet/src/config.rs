//! What a network is started with.

use std::collections::BTreeMap;

use horde_proto::ExecutorClass;

use crate::chain::{ChainConfig, Faults};
use crate::vice::Vices;

/// Miners of one network.
pub const MINERS_COUNT_MAX: usize = 4_096;
/// Executors of one class of a miner.
pub const EXECUTORS_COUNT_MAX: u32 = 10_000;

/// The trusted miner of a validator: a miner in local mode, which is not on the chain. It admits one validator, whatever miner that
/// asks for, and neither looks at receipts nor keeps them. Its executors are of the class `always_on.llm.a6000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedConfig {
    /// Its port, on loopback; 0 takes a free one.
    pub port: u16,
    /// Its executors.
    pub executors: u32,
    /// The SS58 address of the validator that it admits; `None` for any.
    pub validator: Option<String>,
    /// Its vices.
    pub vices: Vices,
}

impl Default for TrustedConfig {
    /// An honest one with two executors, for any validator, on a free port.
    fn default() -> Self {
        Self {
            port: 0,
            executors: 2,
            validator: None,
            vices: Vices::default(),
        }
    }
}

/// A network to be started.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many miners, from 1 to [`MINERS_COUNT_MAX`].
    pub miners: usize,
    /// The port of the first miner, on loopback; the others have the next ones. 0 looks for free ones.
    pub first_port: u16,
    /// The port of the control routes, on loopback; 0 takes a free one.
    pub control_port: u16,
    /// Executors of each class of each miner.
    pub executors: u32,
    /// The classes of executors.
    pub classes: Vec<ExecutorClass>,
    /// Executors of the class `always_on.llm.a6000` of each miner, beside those.
    pub llm_executors: u32,
    /// Decides the hotkeys, and the hashes of blocks.
    pub seed: u64,
    /// Whether miners answer at once in place of working, for measurements of validators. Only jobs whose answer is in their
    /// payload are answered rightly, and there are no machine specs.
    pub is_instant: bool,
    /// Vices by the number of the miner; all others are honest.
    pub vices: BTreeMap<usize, Vices>,
    /// A trusted miner; `None` for none.
    pub trusted: Option<TrustedConfig>,
    /// A chain on which the miners are registered; `None` for none.
    pub chain: Option<ChainConfig>,
    /// What the service of the chain does wrong from the start.
    pub chain_faults: Faults,
}

impl Default for Config {
    /// One honest miner with one executor of the default class, on free ports.
    fn default() -> Self {
        Self {
            miners: 1,
            first_port: 0,
            control_port: 0,
            executors: 1,
            classes: vec![ExecutorClass::default()],
            llm_executors: 0,
            seed: 0,
            is_instant: false,
            vices: BTreeMap::new(),
            trusted: None,
            chain: None,
            chain_faults: Faults::default(),
        }
    }
}
