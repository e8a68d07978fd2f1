//! A chain with one subnet, behind a service in the shape of Pylon (sections 5.2 and 10.11).
//!
//! [`Chain`] has the blocks: neurons, rules, commitments and weights at each of them, and a journal of what was asked for.
//! [`ChainService`] answers the requests of a validator, with [`Faults`]. Both are state machines without I/O and clock, for
//! simulators, too. [`ChainControl`] is the handle of a chain that runs by the clock.
//!
//! ```
//! use horde_devnet::chain::{Chain, ChainConfig, Extrinsic, Handling, Outcome, validator_keypair};
//!
//! let hotkey = validator_keypair(1, 0).public().to_ss58();
//! let mut chain = Chain::new(&ChainConfig::new(&hotkey), 7, &[])?;
//! let commit_hash = format!("0x{}", "1f".repeat(32));
//! let commit = Extrinsic::Commit { commit_hash };
//! let number = chain.submit(&hotkey, commit, Handling::Usual, None)?;
//! assert_eq!(chain.outcome(number), Some(Outcome::Pending));
//! chain.make_block();
//! let block = chain.newest();
//! let included = Outcome::Included { block: block.head.number };
//! assert_eq!(chain.outcome(number), Some(included));
//! assert_eq!(block.open_commits(&hotkey).len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No consensus runs, so that ranks and emissions stay as they are. Of Pylon, certificates, knowledge commitments and the cache
//! of recent neurons are left out.

mod account;
mod block;
mod change;
mod config;
mod control;
mod extrinsic;
mod fault;
mod journal;
mod keys;
mod ledger;
mod neuron;
mod orders;
mod pool;
mod schedule;
mod service;
mod state;

pub use account::{OpenCommit, WeightsOnChain};
pub use block::{BLOCKS_COUNT_MAX, Block, BlockHead};
pub use change::{NEURONS_COUNT_MAX, NeuronChange, NeuronChangeError};
pub use config::{
    ChainConfig, ChainConfigError, FIRST_BLOCK_MAX, RulesError, SubnetRules, VALIDATORS_COUNT_MAX,
};
pub use control::ChainControl;
pub use extrinsic::{EntryKind, Extrinsic, Refusal, WeightVector};
pub use fault::{
    ChainCall, ChainFault, ChainFaultInfo, FAULTS_COUNT_MAX, FaultKind, Faults, FaultsError,
    ParseFaultError,
};
pub use journal::{JournalEntry, Outcome};
pub use keys::validator_keypair;
pub use ledger::Chain;
pub use neuron::{Axon, Neuron, Stakes};
pub use pool::Handling;
pub use service::{
    ChainReport, ChainService, PendingReply, ServiceAnswer, ServiceBody, ServiceReply,
    ServiceRequest,
};
