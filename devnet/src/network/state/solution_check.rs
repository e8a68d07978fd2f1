//! The check of declared solutions; a network has one, because a simulation decides otherwise.

use std::fmt::Debug;

use tig_protocol::{BenchmarkSettings, Solution};

/// Decides whether a solution solves an instance; the same inputs give the same answer.
pub trait SolutionCheck: Debug + Send + Sync {
    /// Whether `solution` solves the instance of `nonce`.
    fn solves(
        &self,
        settings: &BenchmarkSettings,
        rand_hash: &str,
        nonce: u64,
        solution: &Solution,
    ) -> bool;

    /// Finds out now what [`SolutionCheck::solves`] may soon be asked, where it can be remembered; else does nothing.
    fn prepare(
        &self,
        _settings: &BenchmarkSettings,
        _rand_hash: &str,
        _nonce: u64,
        _solution: &Solution,
    ) {
    }
}
