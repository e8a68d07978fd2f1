//! The engine that computes a batch: the worker linked into this program, or an external `tig-worker`.

mod external;
mod guard;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tig_protocol::{Batch, BatchResult};
use tig_worker::{BatchJob, JobError, Limits, Workers};

pub use self::external::{External, ExternalError};
pub use self::guard::{GUARD_ARGUMENT, GuardError, exec_guarded};
use crate::wasm::Module;

/// The worker in use.
#[derive(Debug, Clone)]
pub enum Engine {
    /// In this process.
    Builtin,
    /// One process per batch.
    External(External),
}

/// A batch was not computed.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The built-in worker rejected the job.
    #[error("the built-in worker failed")]
    Builtin(#[source] JobError),
    /// The built-in worker panicked.
    #[error("the built-in worker crashed")]
    Crashed(#[source] tokio::task::JoinError),
    /// The external worker failed.
    #[error("the external worker failed")]
    External(#[source] ExternalError),
}

impl Engine {
    /// For the log: `builtin` or the path of the external worker.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Builtin => "builtin".to_owned(),
            Self::External(external) => external.worker.display().to_string(),
        }
    }

    pub(crate) fn is_builtin(&self) -> bool {
        matches!(self, Self::Builtin)
    }

    /// Starts what computes on `workers` threads; an external worker starts with each batch.
    pub(crate) fn start(self, workers: NonZeroUsize) -> Result<StartedEngine, JobError> {
        Ok(match self {
            Self::Builtin => StartedEngine::Builtin(Arc::new(Workers::start(workers.get())?)),
            Self::External(external) => StartedEngine::External(external, workers),
        })
    }
}

/// A worker that is ready.
#[derive(Debug)]
pub(crate) enum StartedEngine {
    Builtin(Arc<Workers>),
    External(External, NonZeroUsize),
}

impl StartedEngine {
    /// Computes `batch`. Dropping the future kills an external worker; the built-in one runs on to the end of its batch,
    /// or of this process, and its result is dropped. The built-in one counts its nonces in `done`.
    pub(crate) async fn compute(
        &self,
        batch: &Batch,
        module: &Module,
        done: Arc<AtomicU64>,
    ) -> Result<BatchResult, EngineError> {
        match self {
            Self::Builtin(workers) => {
                compute_builtin(batch, module, Arc::clone(workers), done).await
            }
            Self::External(external, workers) => external
                .compute(batch, &module.path, *workers)
                .await
                .map_err(EngineError::External),
        }
    }
}

async fn compute_builtin(
    batch: &Batch,
    module: &Module,
    workers: Arc<Workers>,
    done: Arc<AtomicU64>,
) -> Result<BatchResult, EngineError> {
    let algorithm = module.algorithm.clone();
    let limits = Limits::from(batch.wasm_vm_config);
    let job = BatchJob::from(batch);
    run_builtin(move || workers.compute_counted_batch(&algorithm, &job, &limits, &done)).await
}

/// A panic of the worker is an error of its batch, not the end of the slave.
async fn run_builtin(
    compute: impl FnOnce() -> Result<BatchResult, JobError> + Send + 'static,
) -> Result<BatchResult, EngineError> {
    tokio::task::spawn_blocking(compute)
        .await
        .map_err(EngineError::Crashed)?
        .map_err(EngineError::Builtin)
}

#[cfg(test)]
mod tests {
    use tig_process::error_chain::error_chain;

    use super::*;

    #[tokio::test]
    async fn panic_of_the_builtin_worker_is_an_error() {
        let error = run_builtin(|| panic!("out of luck")).await;
        let error = error.expect_err("a panic is not a result");
        assert!(matches!(error, EngineError::Crashed(_)), "{error:?}");
        let text = error_chain(&error);
        assert!(text.starts_with("the built-in worker crashed: "), "{text}");
        assert!(text.contains("out of luck"), "{text}");
    }

    #[tokio::test]
    async fn worker_failures_name_worker_and_cause() {
        let error = run_builtin(|| Err(JobError::BatchSize)).await;
        let error = error.expect_err("not a result");
        assert!(matches!(error, EngineError::Builtin(_)), "{error:?}");
        assert_eq!(
            error_chain(&error),
            "the built-in worker failed: Batch size must be a power of 2"
        );
        let error = EngineError::External(ExternalError::TimeLimit(std::time::Duration::ZERO));
        let text = error_chain(&error);
        assert!(text.starts_with("the external worker failed: killed"));
    }
}
