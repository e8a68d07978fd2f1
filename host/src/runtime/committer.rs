//! Writes transactions to disk, those of all extensions that wait at the same time in one commit, and applies their
//! effects afterwards.
//!
//! Invariants: nothing is published, sent or replied before the transaction that asked for it is on disk; transactions
//! of one extension are applied in the order of its handlers. A store that has failed once is not written to again: the
//! memory of extensions may be ahead of it, so the host must be restarted.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tracing::error;

use crate::runtime::effects::Effects;
use crate::runtime::extension::Extension;
use crate::runtime::failure::StoreFailure;
use crate::runtime::services::Services;
use crate::store::Commit;

/// A transaction of `extension`.
pub(crate) struct Job {
    /// The extension.
    pub extension: Arc<Extension>,
    /// Its effects.
    pub effects: Box<Effects>,
    /// See [`Effects::bytes`].
    pub bytes: usize,
}

/// Transactions that are on disk, or were rejected; the rest of their effects is not applied yet.
#[must_use]
pub struct Written {
    jobs: Vec<Job>,
    result: Result<(), StoreFailure>,
}

impl Written {
    /// Applies the rest of the effects.
    pub(crate) fn apply(self, services: &Services) {
        for job in self.jobs {
            match &self.result {
                Ok(()) => job.effects.apply(services, &job.extension),
                Err(reason) => job.effects.reject(&job.extension, reason),
            }
            // Last: a runner that waits for a clear fence relies on applied effects.
            job.extension.fence.complete(job.bytes);
        }
    }
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Job>,
    stopping: bool,
    asleep: bool,
}

#[derive(Default)]
pub(crate) struct Committer {
    queue: Mutex<Queue>,
    filled: Condvar,
    failed: OnceLock<StoreFailure>,
    has_failed: Notify,
}

impl Committer {
    /// Why nothing can be stored any more, if so.
    #[must_use]
    pub(crate) fn failed(&self) -> Option<&StoreFailure> {
        self.failed.get()
    }

    /// Waits until nothing can be stored any more, and returns the reason.
    pub(crate) async fn failure(&self) -> StoreFailure {
        loop {
            // Registered before the check, so that a failure in between is not missed.
            let notified = self.has_failed.notified();
            if let Some(reason) = self.failed() {
                return reason.clone();
            }
            notified.await;
        }
    }

    /// Queues a transaction that [`crate::runtime::fence::Fence::submit`] has numbered.
    pub(crate) fn submit(&self, job: Job) {
        let mut queue = self.lock();
        queue.jobs.push(job);
        // A wake costs a system call, which a busy committer does not need.
        if std::mem::take(&mut queue.asleep) {
            self.filled.notify_one();
        }
    }

    /// Ends [`Committer::run`] when all submitted transactions are applied.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.filled.notify_one();
    }

    /// Writes and applies transactions until it is stopped.
    pub(crate) fn run(&self, services: &Services) {
        while let Some(jobs) = self.next_jobs() {
            self.write(services, jobs).apply(services);
        }
    }

    /// Writes the queued transactions, if there are any, for callers without a thread for [`Committer::run`].
    pub(crate) fn write_waiting(&self, services: &Services) -> Option<Written> {
        let jobs = std::mem::take(&mut self.lock().jobs);
        (!jobs.is_empty()).then(|| self.write(services, jobs))
    }

    fn write(&self, services: &Services, mut jobs: Vec<Job>) -> Written {
        // After one failure, extensions hold in memory what the store lacks: writing on would tear their transactions
        // apart.
        let result = match self.failed() {
            Some(reason) => Err(reason.clone()),
            None => write(services, &mut jobs),
        };
        if let Err(reason) = &result {
            self.give_up(reason);
        }
        Written { jobs, result }
    }

    /// Stores nothing from now on.
    pub(crate) fn give_up(&self, reason: &StoreFailure) {
        // The first failure is the cause of all later ones, and is logged once.
        if self.failed.set(reason.clone()).is_ok() {
            error!("nothing can be stored any more, so nothing is accepted: {reason}");
            self.has_failed.notify_waiters();
        }
    }

    /// Waits for transactions; `None` when the host stops and none is left.
    fn next_jobs(&self) -> Option<Vec<Job>> {
        // Extensions that are ready to run on this processor go first: their transactions join this commit.
        std::thread::yield_now();
        let mut queue = self.lock();
        // What was submitted before the stop is still written: its handlers have returned.
        while queue.jobs.is_empty() {
            if queue.stopping {
                return None;
            }
            queue.asleep = true;
            queue = self
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
        queue.asleep = false;
        // All at once: one commit, and one sync of the disk, serves every extension that waits.
        Some(std::mem::take(&mut queue.jobs))
    }

    /// No code panics while it holds the lock, so a poisoned queue is still whole.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(services: &Services, jobs: &mut [Job]) -> Result<(), StoreFailure> {
    let commits = jobs.iter_mut().map(|job| Commit {
        extension: &job.extension.name,
        writes: &job.effects.writes,
        durable: &mut job.effects.events,
        handled: job.effects.handled,
        released: job
            .effects
            .released
            .iter()
            .filter_map(|event| event.outbox_entry())
            .collect(),
    });
    let written = services.store.commit(commits);
    written.map_err(|error| StoreFailure(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use tokio::sync::oneshot;

    use super::*;
    use crate::config::Identity;
    use crate::http::client::HttpClient;
    use crate::http::ws::recorded::RecordedSockets;
    use crate::keys::Keys;
    use crate::runtime::clock::{Clock, Random};
    use crate::runtime::event::Kind;
    use crate::runtime::item::{Item, RouteClient, RouteError, RouteReply};
    use crate::runtime::mailbox::Taken;
    use crate::runtime::shared::Shared;
    use crate::store::fragile::{Fault, FragileBackend};
    use crate::store::{Store, Writes};

    fn shared(store: Store) -> Arc<Shared> {
        let runtime = tokio::runtime::Handle::current();
        let http = HttpClient::new(runtime, &tig_http_client::Trust::load(None).unwrap()).unwrap();
        let sources = (Clock::start(), Random::from_system());
        let network = (
            Arc::new(http) as _,
            Arc::new(RecordedSockets::default()) as _,
        );
        Arc::new(Shared::new(store, network, Keys::default(), sources))
    }

    fn extension(shared: &Shared, name: &str) -> (Arc<Extension>, u64) {
        let extension = Arc::new(Extension::new(name));
        shared
            .services
            .bus
            .subscribe(&extension, &[format!("to_{name}")]);
        let epoch = extension.fence.begin_epoch();
        (extension, epoch)
    }

    fn submit(shared: &Shared, extension: &Arc<Extension>, epoch: u64, effects: Effects) {
        extension.fence.submit(epoch, 0).unwrap();
        let (extension, bytes) = (Arc::clone(extension), 0);
        shared.committer.submit(Job {
            extension,
            effects: Box::new(effects),
            bytes,
        });
    }

    #[tokio::test]
    async fn event_is_delivered_after_its_writes_are_stored() {
        let folder = tempfile::tempdir().unwrap();
        let shared = shared(Store::open(folder.path(), &Identity::new()).unwrap());
        let emitters = ["a", "b", "c"].map(|name| extension(&shared, name));
        let (reader, _) = extension(&shared, "reader");
        std::thread::scope(|scope| {
            scope.spawn(|| shared.committer.run(&shared.services));
            for round in 0..20 {
                for (extension, epoch) in &emitters {
                    let key = format!("{}{round}", extension.name);
                    let event = shared
                        .services
                        .bus
                        .claim("to_reader", key.as_bytes(), Kind::Plain);
                    let effects = Effects {
                        writes: Writes::from([(key.clone(), Some(Arc::from(key.as_bytes())))]),
                        events: vec![event.unwrap()],
                        ..Effects::default()
                    };
                    submit(&shared, extension, *epoch, effects);
                }
            }
            let mut last = std::collections::BTreeMap::new();
            for _ in 0..20 * emitters.len() {
                let Taken::Item(Item::Event(delivery)) = reader.mailbox.take() else {
                    panic!("expected an event")
                };
                let key = std::str::from_utf8(&delivery.event.payload).unwrap();
                let (extension, round) = key.split_at(1);
                let stored = shared.services.store.get(extension, key).unwrap();
                assert_eq!(stored.as_deref(), Some(key.as_bytes()));
                let round: u64 = round.parse().unwrap();
                let before = last.insert(extension.to_owned(), round);
                assert!(before.is_none_or(|before| before < round), "in order");
            }
            emitters
                .iter()
                .for_each(|(extension, _)| extension.fence.wait_until_clear());
            shared.committer.stop();
        });
    }

    #[tokio::test]
    async fn failed_store_rejects_later_transactions() {
        let (backend, is_broken) = FragileBackend::new(Fault::Write);
        let store = Store::with_backend(backend);
        let shared = shared(store.unwrap());
        let (extension, epoch) = extension(&shared, "a");
        let write = |sender| {
            let event = shared.services.bus.claim("to_a", b"{}", Kind::Plain);
            let answered = RouteReply {
                reply: tig_plugin_api::HttpReply::json(200, &()).unwrap(),
                woken: None,
            };
            let effects = Effects {
                writes: Writes::from([("key".to_owned(), Some(Arc::from(&b"1"[..])))]),
                events: vec![event.unwrap()],
                answer: Some((RouteClient::new(sender, None), Box::new(answered))),
                ..Effects::default()
            };
            submit(&shared, &extension, epoch, effects);
            extension.fence.wait_until_clear();
        };
        std::thread::scope(|scope| {
            scope.spawn(|| shared.committer.run(&shared.services));
            // The client of this request has gone away.
            write(oneshot::channel().0);
            assert_eq!(extension.mailbox.len(), 1);
            is_broken.store(true, Ordering::Relaxed);
            // Nothing is stored after the disk is repaired either: the memory of extensions is ahead of it.
            for is_still_broken in [true, false] {
                is_broken.store(is_still_broken, Ordering::Relaxed);
                let (sender, mut receiver) = oneshot::channel();
                write(sender);
                let Some(RouteError::Failed(reason)) = receiver.try_recv().unwrap().err() else {
                    panic!("expected a rejection")
                };
                assert!(reason.contains("no space left"), "{reason}");
            }
            assert_eq!(extension.mailbox.len(), 1, "nothing more is published");
            shared.committer.stop();
        });
        assert!(shared.committer.failure().await.0.contains("no space left"));
    }

    #[tokio::test]
    async fn store_that_panics_fails_like_a_full_disk() {
        let (backend, is_broken) = FragileBackend::new(Fault::WritePanics);
        let store = Store::with_backend(backend);
        let shared = shared(store.unwrap());
        let (extension, epoch) = extension(&shared, "a");
        is_broken.store(true, Ordering::Relaxed);
        std::thread::scope(|scope| {
            scope.spawn(|| shared.committer.run(&shared.services));
            let writes = Writes::from([("key".to_owned(), Some(Arc::from(&b"1"[..])))]);
            let effects = Effects {
                writes,
                ..Effects::default()
            };
            submit(&shared, &extension, epoch, effects);
            extension.fence.wait_until_clear();
            shared.committer.stop();
        });
        let reason = shared.committer.failure().await;
        assert!(reason.0.contains("not as it was written"), "{reason}");
    }
}
