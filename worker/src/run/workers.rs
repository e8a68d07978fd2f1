//! The threads of a worker: made at once, or not at all.
//!
//! Invariant: batches run on threads of their own, whatever else the process does. Compilation and large Merkle trees outside of
//! a batch use the process's shared pool, which a program makes by [`start_compilers`] rather than leave it to the first use.

use std::sync::atomic::AtomicU64;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use tig_protocol::BatchResult;

use super::batch::{self, BatchJob};
use crate::error::JobError;
use crate::limits::Limits;
use crate::module::Algorithm;
use crate::profile::WORKERS_MAX;

/// Threads that compile a module at the same time at most; modules are small.
pub const COMPILERS_MAX: usize = 4;
/// Stack of a worker thread: that of the guest and plenty for the host's own frames.
const WORKER_STACK_BYTES: usize = 4 << 20;

/// Threads that compute nonces; batches that come at the same time share them.
#[derive(Debug)]
pub struct Workers(ThreadPool);

impl Workers {
    /// Starts `count` threads, at most [`WORKERS_MAX`].
    ///
    /// # Errors
    /// `count` is 0, or the system has too few threads.
    pub fn start(count: usize) -> Result<Self, JobError> {
        if count == 0 {
            return Err(JobError::NoWorkers);
        }
        let workers = count.min(WORKERS_MAX);
        ThreadPoolBuilder::new()
            .num_threads(workers)
            .stack_size(WORKER_STACK_BYTES)
            .thread_name(|index| format!("worker-{index}"))
            .build()
            .map(Self)
            .map_err(|cause| no_threads(workers, cause))
    }

    /// Computes all nonces of a batch, see [`compute_batch`](crate::compute_batch).
    ///
    /// # Errors
    /// As [`compute_batch`](crate::compute_batch).
    pub fn compute_batch(
        &self,
        algorithm: &Algorithm,
        job: &BatchJob,
        limits: &Limits,
    ) -> Result<BatchResult, JobError> {
        self.compute_counted_batch(algorithm, job, limits, &AtomicU64::new(0))
    }

    /// Like [`compute_batch`](Self::compute_batch); `done` goes up by one for each nonce that is computed.
    ///
    /// # Errors
    /// As [`compute_batch`](crate::compute_batch).
    pub fn compute_counted_batch(
        &self,
        algorithm: &Algorithm,
        job: &BatchJob,
        limits: &Limits,
        done: &AtomicU64,
    ) -> Result<BatchResult, JobError> {
        self.0
            .install(|| batch::compute(algorithm, job, limits, done))
    }
}

/// Computes all nonces of a batch on `workers` threads of its own, at most [`WORKERS_MAX`] and one per nonce.
///
/// Proofs and solution nonces are in the order of the nonces.
///
/// # Errors
/// Numbers that do not fit, settings without an instance, no workers, or a machine that cannot run the algorithm.
pub fn compute_batch(
    algorithm: &Algorithm,
    job: &BatchJob,
    limits: &Limits,
    workers: usize,
) -> Result<BatchResult, JobError> {
    job.check()?;
    let nonces = usize::try_from(job.num_nonces).unwrap_or(WORKERS_MAX);
    Workers::start(workers.min(nonces))?.compute_batch(algorithm, job, limits)
}

/// Starts the threads that compile modules, at most [`COMPILERS_MAX`]; for programs, which call it once.
///
/// # Errors
/// The system has too few threads, or they were started before.
pub fn start_compilers(count: usize) -> Result<(), JobError> {
    let workers = count.clamp(1, COMPILERS_MAX);
    ThreadPoolBuilder::new()
        .num_threads(workers)
        .thread_name(|index| format!("compiler-{index}"))
        .build_global()
        .map_err(|cause| no_threads(workers, cause))
}

fn no_threads(workers: usize, cause: ThreadPoolBuildError) -> JobError {
    JobError::Threads { workers, cause }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tig_process::threads::REMEDY;

    use super::*;

    #[test]
    fn missing_threads_are_named_with_a_remedy() {
        let refuse = |_| Err(io::Error::from(io::ErrorKind::WouldBlock));
        let pool = ThreadPoolBuilder::new()
            .num_threads(3)
            .spawn_handler(refuse);
        let Err(cause) = pool.build() else {
            panic!("a pool without threads");
        };
        let error = no_threads(3, cause);
        assert!(matches!(error, JobError::Threads { workers: 3, .. }));
        let text = error.to_string();
        assert!(
            text.starts_with("cannot start 3 worker threads: "),
            "{text}"
        );
        assert!(text.ends_with(REMEDY), "{text}");
    }
}
