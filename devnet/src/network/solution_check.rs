//! Whether a declared solution is one: the only work of a submission that takes more than a moment.

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
}

/// Generates the instance and verifies the solution.
#[derive(Debug, Clone, Copy)]
pub struct RealCheck;

impl SolutionCheck for RealCheck {
    fn solves(
        &self,
        settings: &BenchmarkSettings,
        rand_hash: &str,
        nonce: u64,
        solution: &Solution,
    ) -> bool {
        tig_worker::verify_solution(settings, rand_hash, nonce, solution).is_ok()
    }
}
