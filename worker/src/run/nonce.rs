//! One nonce: generate its instance, run the algorithm on it, judge the answer.

use tig_challenges::{ChallengeKind, Instance};
use tig_protocol::{BenchmarkSettings, OutputData, Solution};

use super::answer;
use super::fingerprint::runtime_signature;
use super::guest::{self, End};
use crate::error::{InstanceError, JobError, VerifyError};
use crate::limits::Limits;
use crate::module::{Algorithm, swap_watch};

/// Outcome of a nonce. Only [`Outcome::Solved`] counts; all of them are leaves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outcome {
    /// The solution is valid.
    #[error("solved")]
    Solved,
    /// A solution was returned but does not solve the instance. It stays in the leaf.
    #[error("invalid solution: {0}")]
    Invalid(String),
    /// The algorithm returned that it has none.
    #[error("no solution")]
    NoSolution,
    /// All fuel was consumed.
    #[error("out of fuel")]
    OutOfFuel,
    /// More memory or table elements were asked for than granted.
    #[error("out of memory: the limit is reached")]
    OutOfMemory,
    /// A trap in the start function, `init` or `entry_point`.
    #[error("{0}")]
    Trapped(String),
    /// A pointer, length or content that is not an answer.
    #[error("{0}")]
    BadResult(String),
}

/// A computed nonce: its leaf, and what the leaf does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The leaf.
    pub output: OutputData,
    /// Outcome of the nonce.
    pub outcome: Outcome,
}

/// Runs the algorithm on the instance of one nonce.
///
/// # Errors
/// The settings have no instance, or this machine cannot run the algorithm. A misbehaving algorithm is not an error.
pub fn compute_nonce(
    algorithm: &Algorithm,
    settings: &BenchmarkSettings,
    rand_hash: &str,
    nonce: u64,
    limits: &Limits,
) -> Result<Computed, JobError> {
    let computed = compute_unchecked(algorithm, settings, rand_hash, nonce, limits)?;
    swap_watch().check_now_and_then()?;
    Ok(computed)
}

/// As [`compute_nonce`]; the caller checks the machine.
pub(super) fn compute_unchecked(
    algorithm: &Algorithm,
    settings: &BenchmarkSettings,
    rand_hash: &str,
    nonce: u64,
    limits: &Limits,
) -> Result<Computed, JobError> {
    let seed = settings.seed(rand_hash, nonce);
    let instance = instance(settings, &seed)?;
    let run = guest::run(algorithm, &instance, limits)?;
    let runtime_signature = runtime_signature(algorithm, &seed, &run);
    let (solution, outcome) = judge(&instance, run.end);
    let output = OutputData {
        nonce,
        runtime_signature,
        fuel_consumed: run.fuel_consumed,
        solution,
    };
    Ok(Computed { output, outcome })
}

/// Whether `solution` solves the instance of a nonce.
///
/// # Errors
/// The solution does not solve the instance, or there is no such instance.
pub fn verify_solution(
    settings: &BenchmarkSettings,
    rand_hash: &str,
    nonce: u64,
    solution: &Solution,
) -> Result<(), VerifyError> {
    let instance = generate_instance(settings, rand_hash, nonce)?;
    Ok(instance.verify(solution)?)
}

/// The instance of a nonce.
///
/// # Errors
/// There is none.
pub fn generate_instance(
    settings: &BenchmarkSettings,
    rand_hash: &str,
    nonce: u64,
) -> Result<Instance, InstanceError> {
    instance(settings, &settings.seed(rand_hash, nonce))
}

fn instance(settings: &BenchmarkSettings, seed: &[u8; 32]) -> Result<Instance, InstanceError> {
    let challenge_id = &settings.challenge_id;
    let kind = ChallengeKind::from_id(challenge_id)
        .ok_or_else(|| InstanceError::UnknownChallenge(challenge_id.clone()))?;
    Instance::generate(kind, seed, &settings.difficulty).map_err(|source| InstanceError::Generate {
        challenge_id: challenge_id.clone(),
        source,
    })
}

fn judge(instance: &Instance, end: End) -> (Solution, Outcome) {
    let answer = match end {
        End::Returned(bytes) => answer::decode(&bytes),
        End::OutOfFuel => return (Solution::new(), Outcome::OutOfFuel),
        End::OutOfMemory => return (Solution::new(), Outcome::OutOfMemory),
        End::Trapped(trap) => return (Solution::new(), Outcome::Trapped(trap.to_string())),
        End::BadPointer(reason) => return (Solution::new(), Outcome::BadResult(reason)),
    };
    match answer {
        Err(error) => (Solution::new(), Outcome::BadResult(error.to_string())),
        Ok(None) => (Solution::new(), Outcome::NoSolution),
        Ok(Some(solution)) => {
            let outcome = match instance.verify(&solution) {
                Ok(()) => Outcome::Solved,
                Err(reason) => Outcome::Invalid(reason.to_string()),
            };
            (solution, outcome)
        }
    }
}
