//! What a network is started with.

use std::collections::BTreeMap;

use horde_proto::ExecutorClass;

use crate::chain::{ChainConfig, Faults};
use crate::vice::Vices;

/// Miners of one network.
pub const MINERS_COUNT_MAX: usize = 4_096;
/// Executors of one class of a miner.
pub const EXECUTORS_COUNT_MAX: u32 = 10_000;

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
    /// Decides the hotkeys, and the hashes of blocks.
    pub seed: u64,
    /// Whether miners answer at once in place of working, for measurements of validators. Only jobs whose answer is in their
    /// payload are answered rightly, and there are no machine specs.
    pub is_instant: bool,
    /// Vices by the number of the miner; all others are honest.
    pub vices: BTreeMap<usize, Vices>,
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
            seed: 0,
            is_instant: false,
            vices: BTreeMap::new(),
            chain: None,
            chain_faults: Faults::default(),
        }
    }
}
