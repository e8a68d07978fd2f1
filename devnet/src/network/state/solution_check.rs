//! The check of declared solutions; a network has one, because a simulation decides otherwise.

use std::fmt::Debug;

use tig_protocol::{BenchmarkSettings, Solution};

/// A solution that a benchmark declares for the instance of a nonce.
#[derive(Debug, Clone, Copy)]
pub struct DeclaredSolution<'a> {
    /// The settings of the precommit.
    pub settings: &'a BenchmarkSettings,
    /// The random hash of the precommit.
    pub rand_hash: &'a str,
    /// The nonce.
    pub nonce: u64,
    /// What the leaf of the nonce shows.
    pub solution: &'a Solution,
}

/// Decides whether a solution solves an instance; the same inputs give the same answer.
pub trait SolutionCheck: Debug + Send + Sync {
    /// Whether the solution solves the instance of its nonce.
    fn solves(&self, declared: DeclaredSolution<'_>) -> bool;

    /// Finds out now what [`SolutionCheck::solves`] may soon be asked, where it can be remembered; else does nothing.
    fn prepare(&self, _declared: DeclaredSolution<'_>) {}
}
