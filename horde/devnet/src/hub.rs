//! A miner among its connections: the lock around the state machine, and the queues in front of the sockets.
//!
//! Effects are queued while the lock is held, so that each socket sends in the order in which the miner decided.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::warn;

use crate::clock::Clock;
use crate::journal::MinerReport;
use crate::miner::{ConnectionId, Door, Effect, Miner, Outgoing, Received};
use crate::vice::Vices;

/// What waits in front of a socket; beyond, the connection ends, because its validator does not read.
const OUTGOING_COUNT_MAX: usize = 65_536;

/// Something for a socket, and when.
#[derive(Debug)]
pub(crate) struct Scheduled {
    pub(crate) not_before: Instant,
    pub(crate) outgoing: Outgoing,
}

/// The newest job of each miner of a network.
#[derive(Debug, Default)]
pub(crate) struct NewestJobs(Mutex<BTreeMap<usize, String>>);

impl NewestJobs {
    fn note(&self, index: usize, uuid: &str) {
        lock(&self.0).insert(index, uuid.to_owned());
    }

    /// The newest job of the next miner that has one.
    fn of_neighbour(&self, index: usize) -> Option<String> {
        let newest = lock(&self.0);
        let mut after = newest.range(index + 1..).chain(newest.range(..index));
        after.next().map(|(_, uuid)| uuid.clone())
    }
}

#[derive(Debug)]
struct State {
    miner: Miner,
    writers: BTreeMap<ConnectionId, mpsc::Sender<Scheduled>>,
}

/// A miner among its connections. See the module.
#[derive(Debug)]
pub(crate) struct Hub {
    index: usize,
    state: Mutex<State>,
    clock: Clock,
    listens: watch::Sender<bool>,
    newest_jobs: Arc<NewestJobs>,
}

impl Hub {
    pub(crate) fn new(
        index: usize,
        miner: Miner,
        clock: Clock,
        newest_jobs: Arc<NewestJobs>,
    ) -> Self {
        Self {
            index,
            listens: watch::Sender::new(miner.listens()),
            state: Mutex::new(State {
                miner,
                writers: BTreeMap::new(),
            }),
            clock,
            newest_jobs,
        }
    }

    /// Whether the port is to be open, now and later.
    pub(crate) fn listens(&self) -> watch::Receiver<bool> {
        self.listens.subscribe()
    }

    pub(crate) fn door(&self) -> Door {
        self.state().miner.door()
    }

    pub(crate) fn now_us(&self) -> i64 {
        self.clock.unix_us()
    }

    /// Opens a connection; what it sends comes from the queue. The connection is over when the queue is closed.
    pub(crate) fn connect(
        self: &Arc<Self>,
        validator: &str,
    ) -> (ConnectionId, mpsc::Receiver<Scheduled>) {
        let (writer, queue) = mpsc::channel(OUTGOING_COUNT_MAX);
        let mut state = self.state();
        let (id, effects) = state.miner.connect(validator);
        state.writers.insert(id, writer);
        self.apply(&mut state, effects);
        (id, queue)
    }

    pub(crate) fn disconnect(&self, connection: ConnectionId) {
        let mut state = self.state();
        state.writers.remove(&connection);
        state.miner.disconnect(connection);
    }

    /// A frame was read whole at `at_us`.
    pub(crate) fn receive(
        self: &Arc<Self>,
        connection: ConnectionId,
        received: Received,
        at_us: i64,
    ) {
        if let Received::Message(message) = &received
            && let Some(uuid) = message.job_uuid()
        {
            self.newest_jobs.note(self.index, uuid);
        }
        let mut state = self.state();
        if state.miner.needs_neighbour_job() {
            let uuid = self.newest_jobs.of_neighbour(self.index);
            state.miner.note_neighbour_job(uuid);
        }
        let effects = state.miner.receive(connection, received, at_us);
        self.apply(&mut state, effects);
    }

    pub(crate) fn set_vices(self: &Arc<Self>, vices: Vices) {
        let mut state = self.state();
        let effects = state.miner.set_vices(vices);
        self.apply(&mut state, effects);
        self.listens.send_replace(state.miner.listens());
    }

    pub(crate) fn report(&self) -> MinerReport {
        self.state().miner.report()
    }

    pub(crate) fn clear_report(&self) {
        self.state().miner.clear_report();
    }

    /// Reads the receipts, all of which are verified before.
    pub(crate) fn with_verified<T>(&self, read: impl FnOnce(&Miner) -> T) -> T {
        let mut state = self.state();
        state.miner.verify_receipts();
        read(&state.miner)
    }

    fn apply(self: &Arc<Self>, state: &mut State, effects: Vec<Effect>) {
        let now = Instant::now();
        for effect in effects {
            match effect {
                Effect::Write {
                    connection,
                    delay,
                    outgoing,
                } => {
                    let scheduled = Scheduled {
                        not_before: now + delay,
                        outgoing,
                    };
                    let writer = state.writers.get(&connection);
                    if writer.is_some_and(|writer| writer.try_send(scheduled).is_err()) {
                        warn!(
                            miner = self.index,
                            connection, "connection ends: its validator does not read"
                        );
                        state.writers.remove(&connection);
                    }
                }
                Effect::Start { job_uuid, work } => {
                    let hub = self.clone();
                    tokio::spawn(async move {
                        let outcome = work.execute().await;
                        let mut state = hub.state();
                        let effects = state.miner.complete(&job_uuid, outcome, hub.now_us());
                        hub.apply(&mut state, effects);
                    });
                }
                Effect::Wake { job_uuid, after } => {
                    let hub = self.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        let mut state = hub.state();
                        let effects = state.miner.wake(&job_uuid);
                        hub.apply(&mut state, effects);
                    });
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// No code panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
