//! A batch whose result is known: does the engine compute what it must?

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tig_process::error_chain::error_chain;
use tig_process::threads::REMEDY;
use tig_protocol::{Batch, BatchResult};
use tig_worker::{Algorithm, ENGINE_PROFILE};

use super::{Examined, Finding};
use crate::engine::{Engine, External};
use crate::wasm::Module;

/// Eight nonces of a knapsack, by a tiny module.
const KNOWN_ANSWER: &str = include_str!("known_answer.json");

/// Time for it; an external worker compiles the module first.
const EXTERNAL_TIMEOUT: Duration = Duration::from_secs(60);

const PART: &str = "known answer";

#[derive(Deserialize)]
struct KnownAnswer {
    batch: Batch,
    result: BatchResult,
    wasm_hex: String,
}

/// The batch could not be computed.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the built-in batch is damaged: {0}")]
    Built(String),
    #[error("cannot write the module to a temporary file")]
    Temporary(#[source] std::io::Error),
    #[error("cannot start the threads of the worker")]
    Threads(#[source] tig_worker::JobError),
    #[error("cannot compile the module")]
    Compile(#[source] tig_worker::BadModule),
    #[error(transparent)]
    Engine(#[from] crate::engine::EngineError),
}

/// Computes the batch by the engine that a slave would use.
pub(super) async fn answer(examined: &Examined) -> Finding {
    let begun = Instant::now();
    match compute(examined).await {
        Ok((known, result)) => {
            let external = matches!(examined.engine, Engine::External(_));
            judge(&known, &result, external, begun.elapsed())
        }
        Err(error) => {
            let remedy = match (&error, &examined.engine) {
                (Failed::Threads(_), _) => REMEDY,
                (Failed::Temporary(_), _) => "make room in the folder for temporary files (TMPDIR)",
                (_, Engine::External(_)) => {
                    "give the path of a tig-worker of this version, or `builtin`"
                }
                (_, Engine::Builtin) => {
                    "update tig-slave, and look whether the machine has memory left"
                }
            };
            Finding::fail(PART, error_chain(&error), remedy)
        }
    }
}

async fn compute(examined: &Examined) -> Result<(KnownAnswer, BatchResult), Failed> {
    let known: KnownAnswer =
        serde_json::from_str(KNOWN_ANSWER).map_err(|error| Failed::Built(error.to_string()))?;
    let wasm = hex::decode(&known.wasm_hex).map_err(|error| Failed::Built(error.to_string()))?;
    let folder = tempfile::tempdir().map_err(Failed::Temporary)?;
    let path: PathBuf = folder.path().join("known.wasm");
    std::fs::write(&path, &wasm).map_err(Failed::Temporary)?;
    let algorithm = Algorithm::compile(&wasm).map_err(Failed::Compile)?;
    let module = Module { path, algorithm };
    let engine = match examined.engine.clone() {
        Engine::Builtin => Engine::Builtin,
        Engine::External(external) => Engine::External(External {
            time_limit: EXTERNAL_TIMEOUT,
            ..external
        }),
    };
    let engine = engine.start(examined.workers).map_err(Failed::Threads)?;
    let done = Arc::new(AtomicU64::new(0));
    let result = engine.compute(&known.batch, &module, done).await?;
    Ok((known, result))
}

fn judge(known: &KnownAnswer, result: &BatchResult, external: bool, time: Duration) -> Finding {
    const REMEDY: &str = "results of this machine would be rejected: update the worker, and test memory and processor of the machine";
    if *result == known.result {
        let text = format!(
            "the worker computes it as it must, in {} ms (engine profile {ENGINE_PROFILE})",
            time.as_millis()
        );
        return Finding::ok(PART, text);
    }
    let solutions = |result: &BatchResult| {
        let proofs = result.merkle_proofs.iter();
        let leaves = proofs.map(|proof| (proof.leaf.nonce, proof.leaf.solution.clone()));
        (result.solution_nonces.clone(), leaves.collect::<Vec<_>>())
    };
    if external && solutions(result) == solutions(&known.result) {
        return Finding::warn(
            PART,
            format!(
                "the worker finds the solutions, but its engine profile is not {ENGINE_PROFILE}"
            ),
            "a network accepts only proofs of its own engine profile: use this worker only where the network wants it",
        );
    }
    Finding::fail(
        PART,
        "the worker computes something else than it must",
        REMEDY,
    )
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    fn known() -> KnownAnswer {
        serde_json::from_str(KNOWN_ANSWER).unwrap()
    }

    #[test]
    fn wrong_results_are_told_from_another_profile() {
        let known = known();
        let judged =
            |result: &BatchResult, external| judge(&known, result, external, Duration::ZERO).level;
        assert_eq!(judged(&known.result, false), Level::Ok);
        let mut other_profile = known.result.clone();
        other_profile.merkle_root = known.result.merkle_proofs[0].leaf.leaf_hash();
        other_profile.merkle_proofs[0].leaf.runtime_signature ^= 1;
        assert_eq!(judged(&other_profile, true), Level::Warn);
        assert_eq!(judged(&other_profile, false), Level::Fail);
        let mut wrong = known.result.clone();
        wrong.solution_nonces.pop();
        assert_eq!(judged(&wrong, true), Level::Fail);
    }

    #[test]
    fn known_module_is_that_of_the_vectors() {
        let vectors = include_str!("../../../vectors/wasms.json");
        assert!(vectors.contains(&known().wasm_hex));
        assert_eq!(known().batch.check(&known().result), Ok(()));
    }
}
