//! The rules of the protocol: what a submission must be, and what a block makes of those that wait.

mod activity;
mod algorithms;
mod blocks;
mod confirmation;
mod economy;
mod errors;
mod fees;
mod frontiers;
mod players;
mod reexecution;
mod solution_check;
mod submissions;
mod topups;

pub(super) use activity::window_start;
pub use algorithms::AddAlgorithmError;
pub(super) use blocks::details;
pub use errors::ProtocolError;
pub use players::{ApiKeyError, PLAYERS_MAX};
pub use reexecution::{Reexecution, Verdict};
pub use solution_check::{PreparedCheck, RealCheck};
pub use submissions::{ProofChecks, ProofVerdict};
