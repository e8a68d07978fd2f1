//! First stage: polls the master, refuses unfit batches, obtains the module.

use std::time::{Duration, Instant};

use tig_process::error_chain::error_chain;
use tig_protocol::Batch;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::lookahead::Lookahead;
use super::{Ready, Taken};
use crate::batch_check::{BadBatch, check_batch};
use crate::master::{Master, POLL_WAIT_MS};
use crate::observer::Observer;
use crate::random::random_unit;
use crate::settings::Pace;
use crate::unable::Unable;
use crate::wasm::{Module, WasmError, WasmStore};

/// Attempts to obtain a module before its batch is given back.
const MODULE_ATTEMPTS_MAX: u32 = 3;
/// A poll that brought no work was held by the master if it took longer.
const HELD_MIN: Duration = Duration::from_millis(POLL_WAIT_MS / 2);

pub(super) struct Fetcher {
    master: Master,
    store: WasmStore,
    unable: Unable,
    observer: Observer,
    pace: Pace,
    stop: CancellationToken,
    lookahead: Lookahead,
    /// Batches that the compute stage was done with when this was last looked at.
    done: usize,
    /// Polls in a row that found no work.
    idle: u32,
    /// Polls in a row that failed, or brought a batch that could not be used.
    failures: u32,
    /// Polls in a row that brought a batch of an algorithm that this slave cannot run.
    refusals: u32,
}

/// Result of one poll.
enum Polled {
    Ready(Box<Ready>),
    Idle,
    Failed,
    Refused,
}

impl Fetcher {
    pub(super) fn new(
        master: Master,
        store: WasmStore,
        (unable, observer): (Unable, Observer),
        pace: Pace,
        stop: CancellationToken,
    ) -> Self {
        Self {
            master,
            store,
            unable,
            observer,
            pace,
            stop,
            lookahead: Lookahead::default(),
            done: 0,
            idle: 0,
            failures: 0,
            refusals: 0,
        }
    }

    /// Keeps as many batches ahead in `ready` as are worth it, until the stop: a batch is asked for only if there is room.
    pub(super) async fn run(
        mut self,
        ready: mpsc::Sender<Ready>,
        mut taken: watch::Receiver<Taken>,
    ) {
        let stop = self.stop.clone();
        let mut fetched = 0;
        while let Some(true) = stop
            .run_until_cancelled(self.room(fetched, &mut taken))
            .await
        {
            let Some(next) = self.next().await else { break };
            fetched += 1;
            if ready.send(next).await.is_err() {
                break;
            }
        }
    }

    /// Waits until the compute stage has taken so many of `fetched` batches that one more is worth it; `false` if it is gone.
    async fn room(&mut self, fetched: usize, taken: &mut watch::Receiver<Taken>) -> bool {
        loop {
            let now = *taken.borrow_and_update();
            if now.done > self.done {
                self.done = now.done;
                self.lookahead.computed(now.last);
            }
            if fetched - now.taken < self.lookahead.depth() {
                return true;
            }
            if taken.changed().await.is_err() {
                return false;
            }
        }
    }

    /// The next batch that can be computed; `None` at the stop.
    async fn next(&mut self) -> Option<Ready> {
        loop {
            let begin = Instant::now();
            let delay = match self.poll().await? {
                Polled::Ready(ready) => {
                    (self.idle, self.failures, self.refusals) = (0, 0, 0);
                    return Some(*ready);
                }
                // The master has done the waiting.
                Polled::Idle if begin.elapsed() > HELD_MIN => {
                    (self.idle, self.failures) = (0, 0);
                    continue;
                }
                Polled::Idle => {
                    (self.idle, self.failures) = (self.idle.saturating_add(1), 0);
                    self.pace.idle.delay(self.idle, random_unit())
                }
                Polled::Refused => self.pace.refused.delay(self.refusals, random_unit()),
                Polled::Failed => self.pace.retry.delay(self.failures, random_unit()),
            };
            self.wait(delay).await?;
        }
    }

    async fn poll(&mut self) -> Option<Polled> {
        let begin = Instant::now();
        let polled = match self
            .stop
            .run_until_cancelled(self.master.next_batch())
            .await?
        {
            Ok(batch) => batch,
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.observer.poll_failed(&error_chain(&error));
                // Once per outage: a master that is away for hours must not fill the log.
                if self.failures == 1 {
                    tracing::warn!(
                        cause = error_chain(&error),
                        "cannot get a batch; trying again"
                    );
                } else {
                    tracing::debug!(
                        cause = error_chain(&error),
                        failures = self.failures,
                        "cannot get a batch"
                    );
                }
                return Some(Polled::Failed);
            }
        };
        self.observer.polled(polled.is_some());
        match polled {
            None => Some(Polled::Idle),
            Some(batch) => {
                let (poll, begin) = (begin.elapsed(), Instant::now());
                let admitted = self.admit(batch).await;
                if matches!(admitted, Polled::Ready(_)) {
                    self.lookahead.fetched(poll, begin.elapsed());
                }
                Some(admitted)
            }
        }
    }

    async fn admit(&mut self, batch: Batch) -> Polled {
        if let Err(fault) = check_batch(&batch) {
            self.observer.given_back(&fault.to_string());
            // Once per run of such batches: a master that has no others must not fill the log.
            if self.failures == 0 {
                tracing::warn!(%fault, "batch rejected");
            } else {
                tracing::debug!(%fault, failures = self.failures, "batch rejected");
            }
            // An id that failed its check is not sent anywhere.
            if !matches!(fault, BadBatch::Id { .. } | BadBatch::Underscore(_)) {
                let reason = fault.to_string();
                self.master.release(&batch, &reason, None).await;
            }
            self.failures = self.failures.saturating_add(1);
            return Polled::Failed;
        }
        let algorithm_id = batch.settings.algorithm_id.as_str();
        if let Some(refusal) = self.unable.refusal(algorithm_id) {
            self.observer.given_back(&refusal.reason);
            let retry = Some(refusal.retry);
            self.master.release(&batch, &refusal.reason, retry).await;
            self.refusals = self.refusals.saturating_add(1);
            return Polled::Refused;
        }
        let stop = self.stop.clone();
        match stop.run_until_cancelled(self.module_for(&batch)).await {
            Some(Ok(module)) => Polled::Ready(Box::new(Ready { batch, module })),
            Some(Err(error)) => {
                let refusal = self.unable.failed(algorithm_id, error_chain(&error));
                self.observer.given_back(&refusal.reason);
                tracing::debug!(batch_id = batch.id(), "no module");
                let retry = Some(refusal.retry);
                self.master.release(&batch, &refusal.reason, retry).await;
                self.failures = self.failures.saturating_add(1);
                Polled::Failed
            }
            None => {
                self.master.release(&batch, "stopping", None).await;
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
                        cause = error_chain(&error),
                        attempt,
                        "no module yet"
                    );
                    tokio::time::sleep(self.pace.retry.delay(attempt, random_unit())).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn wait(&self, delay: Duration) -> Option<()> {
        self.stop
            .run_until_cancelled(tokio::time::sleep(delay))
            .await
    }
}
