//! State of a network, and how it is kept as entries.
//!
//! Invariant: nothing here knows a rule of the protocol or a client.

mod accounts;
mod algorithms;
mod chain;
mod challenges;
mod changes;
mod entries;
mod exact;
mod ids;
mod index;
mod json_text;
mod kept;
mod network;
mod records;
mod rollback;
mod solution_check;
mod topups;

pub(super) use accounts::Account;
pub use accounts::initial_balance;
pub(super) use algorithms::StoredAlgorithm;
pub(super) use chain::{Chain, ChainBlock, GENESIS_HEIGHT};
pub(super) use challenges::{ChallengeAt, ChallengeRules, Fees};
pub(super) use changes::{Changes, Key};
pub use entries::{Edits, Entries};
pub(super) use ids::{NO_BLOCK_ID, Secret, benchmark_id, is_address, is_prefixed_hex};
pub(super) use index::Index;
pub(super) use kept::{
    ACCOUNTS, ALGORITHMS, Accounts, BLOCKS, COUNTERS, Counters, KeptAlgorithm, LAYOUT, RECORDS,
    TOPUPS, WASMS,
};
pub use network::Network;
pub(super) use records::{
    Benchmark, ConfirmedBenchmark, ConfirmedPrecommit, ConfirmedProof, Fraud, Precommit, Proof,
    Record, ReexecutionState,
};
pub use solution_check::{DeclaredSolution, SolutionCheck};
pub(super) use topups::StoredTopup;
pub use topups::Transaction;
