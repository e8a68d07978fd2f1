//! Second stage: one batch at a time on all workers, so that a batch is back as soon as this machine can.

use std::time::{Duration, Instant};

use tig_process::error_chain::error_chain;
use tig_protocol::{Backoff, BadBatchResult, Batch, BatchResult};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Finished, Ready, Taken};
use crate::engine::{EngineError, StartedEngine};
use crate::master::Master;
use crate::observer::Observer;
use crate::random::random_unit;
use crate::unable::{Refusal, Unable};

pub(super) struct Computer {
    pub(super) master: Master,
    pub(super) engine: StartedEngine,
    pub(super) unable: Unable,
    pub(super) observer: Observer,
    pub(super) retry: Backoff,
    pub(super) stop: CancellationToken,
}

/// A batch brought no result.
#[derive(Debug, thiserror::Error)]
enum ComputeError {
    #[error("the batch failed")]
    Engine(#[from] EngineError),
    #[error("the worker's result is wrong")]
    Result(#[from] BadBatchResult),
    #[error("the result cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl Computer {
    /// Computes what comes in until the channel closes; at the stop, gives back what is not computed.
    pub(super) async fn run(
        self,
        mut ready: mpsc::Receiver<Ready>,
        taken: watch::Sender<Taken>,
        results: mpsc::Sender<Finished>,
    ) {
        let mut failures: u32 = 0;
        while let Some(next) = ready.recv().await {
            taken.send_modify(|taken| taken.taken += 1);
            let started = Instant::now();
            let algorithm_id = &next.batch.settings.algorithm_id;
            // It was ahead when another batch of its algorithm failed.
            if let Some(refusal) = self.unable.refusal(algorithm_id) {
                self.observer.given_back(&refusal.reason);
                self.give_back(&next, &refusal).await;
                taken.send_modify(|taken| taken.done += 1);
                continue;
            }
            match self.stop.run_until_cancelled(self.compute(&next)).await {
                None => {
                    self.observer.failed(None);
                    self.master.release(&next.batch, "stopping", None).await;
                }
                Some(Ok(finished)) => {
                    self.observer.finished(next.batch.num_nonces);
                    failures = 0;
                    self.unable.succeeded(algorithm_id);
                    if results.send(finished).await.is_err() {
                        return;
                    }
                }
                Some(Err(error)) => {
                    failures = failures.saturating_add(1);
                    let refusal = self.unable.failed(algorithm_id, error_chain(&error));
                    self.observer.failed(Some(&refusal.reason));
                    tracing::debug!(batch_id = next.batch.id(), "batch not computed");
                    self.give_back(&next, &refusal).await;
                    // A worker that fails at once must not burn through the master's queue.
                    let delay = self.retry.delay(failures, random_unit());
                    self.stop
                        .run_until_cancelled(tokio::time::sleep(delay))
                        .await;
                }
            }
            // With the pause after a failure, and the wait for uploads: whatever is ahead waits for those too.
            taken.send_modify(|taken| {
                taken.done += 1;
                taken.last = started.elapsed();
            });
        }
    }

    async fn give_back(&self, Ready { batch, .. }: &Ready, refusal: &Refusal) {
        let retry = Some(refusal.retry);
        self.master.release(batch, &refusal.reason, retry).await;
    }

    async fn compute(&self, Ready { batch, module }: &Ready) -> Result<Finished, ComputeError> {
        let started = Instant::now();
        tracing::debug!(
            batch_id = batch.id(),
            nonces = batch.num_nonces,
            proofs = batch.sampled_nonces.len(),
            "batch begun"
        );
        let done = self.observer.begun(batch);
        let result = self.engine.compute(batch, module, done).await?;
        batch.check(&result)?;
        log_finished(batch, &result, started.elapsed());
        Ok(Finished {
            batch_id: batch.id(),
            rand_hash: Some(batch.rand_hash.clone()),
            body: serde_json::to_vec(&result)?,
            file: None,
        })
    }
}

fn log_finished(batch: &Batch, result: &BatchResult, elapsed: Duration) {
    let seconds = elapsed.as_secs_f64();
    tracing::info!(
        batch_id = batch.id(),
        nonces = batch.num_nonces,
        solutions = result.solution_nonces.len(),
        proofs = result.merkle_proofs.len(),
        seconds = format_args!("{seconds:.3}"),
        nonces_per_s = format_args!("{:.1}", batch.num_nonces as f64 / seconds),
        "batch finished",
    );
}
