//! Third stage: delivers results. Invariant: a result leaves memory only when the master took or refused it, or at the stop;
//! one that is not delivered within [`DELIVERY_MS_PROMPT`], or at the stop, is on disk besides, and so are those that come
//! while it waits.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Finished;
use crate::master::{Delivery, Master};
use crate::observer::Observer;
use crate::random::random_unit;
use crate::settings::Pace;
use crate::spool::{self, Spool};

/// Results held for a master that does not take them; at the bound the slave stops polling.
const RESULTS_HELD_MAX: usize = spool::RESULTS_MAX;

/// A delivery that takes longer may hang until it fails, and so may the one after a failure. Until then results are in memory
/// only: a write to disk takes longer than most deliveries.
const DELIVERY_MS_PROMPT: u64 = 1_000;

pub(super) struct Uploader {
    master: Master,
    pace: Pace,
    stop: CancellationToken,
    spool: Spool,
    observer: Observer,
    held: VecDeque<Finished>,
    /// Failed deliveries in a row.
    failures: u32,
}

impl Uploader {
    pub(super) fn new(
        master: Master,
        pace: Pace,
        stop: CancellationToken,
        (spool, observer): (Spool, Observer),
    ) -> Self {
        Self {
            master,
            pace,
            stop,
            spool,
            observer,
            held: VecDeque::new(),
            failures: 0,
        }
    }

    /// Delivers what an earlier run has left, and what comes, until the channel is closed and nothing is held.
    pub(super) async fn run(mut self, mut results: mpsc::Receiver<Finished>) {
        self.take_up().await;
        loop {
            self.observer.holds(self.held.len());
            let next = match self.held.pop_front() {
                Some(held) => held,
                None => match results.recv().await {
                    Some(new) => new,
                    None => return,
                },
            };
            if let Err(returned) = self.deliver(next, &mut results).await {
                // To the back: a result that the master cannot digest must not block the others.
                self.held.push_back(returned);
                self.observer.holds(self.held.len());
                self.wait(&mut results).await;
            }
        }
    }

    /// Sends `next` once; it comes back if it has to be sent again.
    async fn deliver(
        &mut self,
        mut next: Finished,
        results: &mut mpsc::Receiver<Finished>,
    ) -> Result<(), Finished> {
        let (batch_id, rand_hash) = (next.batch_id.clone(), next.rand_hash.clone());
        let (master, body) = (self.master.clone(), next.body.clone());
        let submit = master.submit(&batch_id, rand_hash.as_deref(), body);
        tokio::pin!(submit);
        let prompt = match self.failures {
            0 => Duration::from_millis(DELIVERY_MS_PROMPT),
            _ => Duration::ZERO,
        };
        let prompt = tokio::time::timeout(prompt, &mut submit);
        // The slave may end before a master that is away has refused the connection.
        let delivery = match self.stop.run_until_cancelled(prompt).await {
            Some(Ok(delivery)) => delivery,
            None | Some(Err(_)) => {
                next = self.keep(next).await;
                self.receive_until(submit, results).await
            }
        };
        match delivery {
            Delivery::Accepted => {
                tracing::debug!(batch_id = next.batch_id, "result delivered");
                self.observer.delivered();
                self.failures = 0;
                self.forget(next).await;
                Ok(())
            }
            Delivery::Refused { status, reason } => {
                self.observer.rejected(&reason);
                tracing::warn!(batch_id = next.batch_id, %status, reason, "the master rejects the result; dropping it");
                self.failures = 0;
                self.forget(next).await;
                Ok(())
            }
            Delivery::Failed { cause } => {
                self.failures = self.failures.saturating_add(1);
                if self.failures == 1 {
                    tracing::warn!(
                        batch_id = next.batch_id,
                        cause,
                        "result not delivered; kept, trying again"
                    );
                } else {
                    tracing::debug!(
                        batch_id = next.batch_id,
                        cause,
                        failures = self.failures,
                        "result not delivered"
                    );
                }
                Err(self.keep(next).await)
            }
        }
    }

    async fn take_up(&mut self) {
        let all = self.on_disk(|spool| spool.all()).await;
        let finished = all.unwrap_or_default().into_iter().map(|kept| Finished {
            batch_id: kept.batch_id,
            rand_hash: None,
            body: kept.body,
            file: Some(kept.file),
        });
        self.held.extend(finished);
        if !self.held.is_empty() {
            let count = self.held.len();
            tracing::info!(count, "results of an earlier run are delivered first");
        }
    }

    async fn keep(&self, mut finished: Finished) -> Finished {
        if finished.file.is_none() {
            let (batch_id, body) = (finished.batch_id.clone(), finished.body.clone());
            finished.file = self
                .on_disk(move |spool| spool.keep(&batch_id, &body))
                .await;
        }
        finished
    }

    async fn forget(&self, finished: Finished) {
        if let Some(file) = finished.file {
            self.on_disk(move |_| Spool::forget(&file)).await;
        }
    }

    /// The disk is only a help: without it results are in memory as before.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Spool) -> io::Result<T> + Send + 'static,
    ) -> Option<T> {
        let spool = self.spool.clone();
        let done = tokio::task::spawn_blocking(move || work(&spool)).await;
        let done = done.map_err(io::Error::other).flatten();
        done.inspect_err(|error| tracing::warn!(%error, "cannot keep results on disk"))
            .ok()
    }

    /// Waits before the next attempt and meanwhile takes new results, so that computing goes on.
    async fn wait(&mut self, results: &mut mpsc::Receiver<Finished>) {
        let stop = self.stop.clone();
        if stop.is_cancelled() {
            // The time to deliver is short from now on.
            let sleep = tokio::time::sleep(self.pace.retry.first);
            self.receive_until(sleep, results).await;
        } else {
            // The stop ends the sleep, and not this future: it may be at work on a new result.
            let sleep = stop.run_until_cancelled(tokio::time::sleep(self.retry_delay()));
            self.receive_until(sleep, results).await;
        }
    }

    /// Takes new results until `end`. The one before is not delivered, so these wait, too, and have to outlive a kill.
    async fn receive_until<T>(
        &mut self,
        end: impl Future<Output = T>,
        results: &mut mpsc::Receiver<Finished>,
    ) -> T {
        tokio::pin!(end);
        loop {
            // After the stop there is room for the last ones, or they would be lost with this process.
            let has_room = self.held.len() < RESULTS_HELD_MAX || self.stop.is_cancelled();
            tokio::select! {
                end = &mut end => return end,
                Some(new) = results.recv(), if has_room => {
                    let new = self.keep(new).await;
                    self.held.push_back(new);
                    self.observer.holds(self.held.len());
                }
                // Looks for room again.
                () = self.stop.cancelled(), if !has_room => {}
            }
        }
    }

    fn retry_delay(&self) -> Duration {
        self.pace.retry.delay(self.failures, random_unit())
    }
}
