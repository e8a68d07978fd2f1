//! A local network that speaks the TIG API: the rules of tig-protocol.md marked CORE and CORE+, and those marked ECON in
//! a simple form, deterministic from a seed.
//!
//! [`Network`] is the protocol as a pure state machine, [`Api`] the same as a function from request to answer, and
//! [`Faults`] decides in front of it what goes wrong. None of them does I/O or knows the time: a simulation drives them
//! in virtual time, [`Devnet`] and [`router`] on loopback. What a benchmarker does not touch is left out: algorithms
//! submitted over the API, merges, and deposits.

mod algorithms;
mod api;
mod api_key;
mod devnet;
mod faults;
mod network;
mod page;
mod server;
mod store;

pub use algorithms::{LoadError, PublishedAlgorithm, load_folder};
pub use api::{Api, BODY_BYTES_MAX, Keys, Request, Response, SharedKey};
pub use api_key::{ApiKey, InvalidApiKey};
pub use devnet::{Devnet, FolderWatch, NotKept, PublishError};
pub use faults::{
    FAULTS_MAX, Fault, FaultPlan, Faults, Outcome, PlanError, Rule, ScriptEntry, TooManyFaults,
};
pub use network::{
    ActivePoint, AddAlgorithmError, AlgorithmView, ApiKeyError, BenchmarkStatus, BenchmarkView,
    BlockView, ChallengeView, DeclaredSolution, DrawnPlayer, Edits, Entries, Genesis, GenesisError,
    GetFeeBalanceResponse, Network, PLAYERS_MAX, PlayerType, PlayerView, PreparedCheck,
    ProofChecks, ProofVerdict, ProtocolError, QueryError, RealCheck, Reexecution, RestoreError,
    SolutionCheck, Stage, Status, Surroundings, Transaction, Verdict, View, devnet_config,
    draw_players, initial_balance,
};
pub use server::{router, router_with_token};
pub use store::{Store, StoreError};
