//! The network as a state machine: submissions and block production, without I/O, clock or threads.
//!
//! `state/` is what the network remembers, `rules/` what the protocol makes of a submission or a block, `views/` what a
//! client sees of it, and `setup/` where a network comes from. The rules and the views know the state, not each other's
//! callers.
//!
//! Invariant: the same genesis and the same calls in the same order give the same blocks, ids and samples.

mod rules;
mod setup;
mod state;
mod views;

pub use rules::{
    AddAlgorithmError, ApiKeyError, PLAYERS_MAX, PreparedCheck, ProofChecks, ProofVerdict,
    ProtocolError, RealCheck, Reexecution, Verdict,
};
pub use setup::{
    DrawnPlayer, Genesis, GenesisError, RestoreError, Surroundings, devnet_config, draw_players,
};
pub use state::{
    DeclaredSolution, Edits, Entries, Network, SolutionCheck, Transaction, initial_balance,
};
pub use views::{
    ActivePoint, AlgorithmView, BenchmarkStatus, BenchmarkView, BlockView, ChallengeView,
    GetFeeBalanceResponse, PlayerType, PlayerView, QueryError, Stage, Status, View,
};
