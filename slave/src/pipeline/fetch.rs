//! First stage: polls the master, refuses unfit batches, obtains the module.

use std::time::{Duration, Instant};

use tig_protocol::Batch;
use tokio::sync::mpsc;

use super::Ready;
use crate::backoff::jitter_unit;
use crate::batch_check::{BadBatch, check_batch};
use crate::master::{Master, POLL_WAIT_MS, chain};
use crate::settings::Pace;
use crate::stop::Stop;
use crate::wasm::{Module, WasmError, WasmStore};

/// Attempts to obtain a module before its batch is given back.
const MODULE_ATTEMPTS_MAX: u32 = 3;
/// A poll that brought no work was held by the master if it took longer.
const HELD_MIN: Duration = Duration::from_millis(POLL_WAIT_MS / 2);

pub(super) struct Fetcher {
    master: Master,
    store: WasmStore,
    pace: Pace,
    stop: Stop,
    /// Polls in a row that found no work.
    idle: u32,
    /// Polls in a row that failed, or brought a batch that could not be used.
    failures: u32,
}

/// What one poll brought.
enum Polled {
    Ready(Box<Ready>),
    Idle,
    Failed,
}

impl Fetcher {
    pub(super) fn new(master: Master, store: WasmStore, pace: Pace, stop: Stop) -> Self {
        Self {
            master,
            store,
            pace,
            stop,
            idle: 0,
            failures: 0,
        }
    }

    /// Fills `ready` until the stop. The slot is reserved before the poll: a batch is asked for only if there is room.
    pub(super) async fn run(mut self, ready: mpsc::Sender<Ready>) {
        let stop = self.stop.clone();
        while let Some(Ok(slot)) = stop.unless_requested(ready.reserve()).await {
            let Some(next) = self.next().await else { break };
            slot.send(next);
        }
    }

    /// The next batch that can be computed; `None` at the stop.
    async fn next(&mut self) -> Option<Ready> {
        loop {
            let begin = Instant::now();
            let delay = match self.poll().await? {
                Polled::Ready(ready) => {
                    (self.idle, self.failures) = (0, 0);
                    return Some(*ready);
                }
                // The master has done the waiting.
                Polled::Idle if begin.elapsed() > HELD_MIN => {
                    (self.idle, self.failures) = (0, 0);
                    continue;
                }
                Polled::Idle => {
                    (self.idle, self.failures) = (self.idle.saturating_add(1), 0);
                    self.pace.idle.delay(self.idle, jitter_unit())
                }
                Polled::Failed => self.pace.retry.delay(self.failures, jitter_unit()),
            };
            self.wait(delay).await?;
        }
    }

    async fn poll(&mut self) -> Option<Polled> {
        let polled = match self.stop.unless_requested(self.master.next_batch()).await? {
            Ok(batch) => batch,
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                // Once per outage: a master that is away for hours must not fill the log.
                if self.failures == 1 {
                    tracing::warn!(cause = chain(&error), "cannot get a batch; trying again");
                } else {
                    tracing::debug!(
                        cause = chain(&error),
                        failures = self.failures,
                        "cannot get a batch"
                    );
                }
                return Some(Polled::Failed);
            }
        };
        match polled {
            None => Some(Polled::Idle),
            Some(batch) => Some(self.admit(batch).await),
        }
    }

    async fn admit(&mut self, batch: Batch) -> Polled {
        if let Err(fault) = check_batch(&batch) {
            tracing::warn!(%fault, "batch refused");
            // An id that failed its check is not sent anywhere.
            if !matches!(fault, BadBatch::Id { .. } | BadBatch::Underscore(_)) {
                self.master.release(&batch, &fault.to_string()).await;
            }
            self.failures = self.failures.saturating_add(1);
            return Polled::Failed;
        }
        let stop = self.stop.clone();
        match stop.unless_requested(self.module_for(&batch)).await {
            Some(Ok(module)) => Polled::Ready(Box::new(Ready { batch, module })),
            Some(Err(error)) => {
                let cause = chain(&error);
                tracing::warn!(
                    batch_id = batch.id(),
                    algorithm_id = batch.settings.algorithm_id,
                    cause,
                    "no module"
                );
                self.master.release(&batch, &cause).await;
                self.failures = self.failures.saturating_add(1);
                Polled::Failed
            }
            None => {
                self.master.release(&batch, "stopping").await;
                Polled::Failed
            }
        }
    }

    async fn module_for(&mut self, batch: &Batch) -> Result<Module, WasmError> {
        let mut attempt = 1;
        loop {
            match self.store.module_for(batch).await {
                Err(error) if attempt < MODULE_ATTEMPTS_MAX => {
                    tracing::debug!(
                        batch_id = batch.id(),
                        cause = chain(&error),
                        attempt,
                        "no module yet"
                    );
                    tokio::time::sleep(self.pace.retry.delay(attempt, jitter_unit())).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn wait(&self, delay: Duration) -> Option<()> {
        self.stop.unless_requested(tokio::time::sleep(delay)).await
    }
}
