//! A miner among its connections: the lock around the state machine, and the queues in front of the sockets.
//!
//! Effects are queued while the lock is held, so that each socket sends in the order in which the miner decided.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::clock::Clock;
use crate::journal::MinerReport;
use crate::miner::{ConnectionId, Effect, Handshake, Miner, Outgoing, Received};
use crate::port::Port;
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
    /// Work of executors, and times that are waited for.
    tasks: JoinSet<()>,
    has_ended: bool,
}

/// A miner among its connections. See the module.
#[derive(Debug)]
pub(crate) struct Hub {
    index: usize,
    state: Mutex<State>,
    clock: Clock,
    port: watch::Sender<Port>,
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
            port: watch::Sender::new(miner.port()),
            state: Mutex::new(State {
                miner,
                writers: BTreeMap::new(),
                tasks: JoinSet::new(),
                has_ended: false,
            }),
            clock,
            newest_jobs,
        }
    }

    /// What the port does, now and later.
    pub(crate) fn port(&self) -> watch::Receiver<Port> {
        self.port.subscribe()
    }

    /// Ends all connections and all work, for good.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.has_ended = true;
        state.writers.clear();
        state.tasks.abort_all();
    }

    pub(crate) fn handshake(&self) -> Handshake {
        self.state().miner.handshake()
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
        debug!(
            miner = self.index,
            connection = id,
            ?validator,
            "connection opened"
        );
        // Without a writer the queue is closed, and the connection over.
        if !state.has_ended {
            state.writers.insert(id, writer);
        }
        self.apply(&mut state, effects);
        (id, queue)
    }

    pub(crate) fn disconnect(&self, connection: ConnectionId) {
        let mut state = self.state();
        state.writers.remove(&connection);
        state.miner.disconnect(connection);
        debug!(miner = self.index, connection, "connection ended");
    }

    /// A frame was read whole at `at_us`. Returns whether the next one is to be read.
    pub(crate) fn receive(
        self: &Arc<Self>,
        connection: ConnectionId,
        received: Received,
        at_us: i64,
    ) -> bool {
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
        self.log_violations(&mut state);
        self.apply(&mut state, effects);
        !state.miner.has_stopped_reading(connection)
    }

    pub(crate) fn set_vices(self: &Arc<Self>, vices: Vices) {
        debug!(miner = self.index, vices = ?vices.texts(), "vices changed");
        let mut state = self.state();
        let effects = state.miner.set_vices(vices);
        self.apply(&mut state, effects);
        let port = state.miner.port();
        // A change closes the listener, with all connections that wait to be accepted.
        self.port
            .send_if_modified(|current| mem::replace(current, port) != port);
    }

    pub(crate) fn report(&self) -> MinerReport {
        let mut state = self.state();
        let report = state.miner.report();
        self.log_violations(&mut state);
        report
    }

    pub(crate) fn clear_report(&self) {
        let mut state = self.state();
        state.miner.verify_receipts();
        self.log_violations(&mut state);
        state.miner.clear_report();
    }

    /// Reads the receipts, all of which are verified before.
    pub(crate) fn with_verified<T>(&self, read: impl FnOnce(&Miner) -> T) -> T {
        let mut state = self.state();
        state.miner.verify_receipts();
        self.log_violations(&mut state);
        read(&state.miner)
    }

    /// The text of a violation has foreign text escaped.
    fn log_violations(&self, state: &mut State) {
        for violation in state.miner.take_unlogged() {
            warn!(
                miner = self.index,
                connection = violation.connection,
                job = ?violation.job_uuid,
                rule = ?violation.kind,
                "violation of the protocol: {}", violation.detail
            );
        }
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
                    self.queue(state, connection, scheduled);
                }
                Effect::Start { job_uuid, work } => {
                    self.spawn(state, work.execute(), move |miner, outcome, now_us| {
                        miner.complete(&job_uuid, outcome, now_us)
                    });
                }
                Effect::Wake { job_uuid, after } => {
                    self.spawn(
                        state,
                        tokio::time::sleep(after),
                        move |miner, (), now_us| miner.wake(&job_uuid, now_us),
                    );
                }
            }
        }
    }

    fn queue(&self, state: &mut State, connection: ConnectionId, scheduled: Scheduled) {
        let writer = state.writers.get(&connection);
        if writer.is_some_and(|writer| writer.try_send(scheduled).is_err()) {
            warn!(
                miner = self.index,
                connection, "connection ends: its validator does not read, or has gone"
            );
            state.writers.remove(&connection);
        }
    }

    /// Awaits something beside the connections, and lets the miner handle it.
    fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        state: &mut State,
        awaited: impl Future<Output = T> + Send + 'static,
        handle: impl FnOnce(&mut Miner, T, i64) -> Vec<Effect> + Send + 'static,
    ) {
        // Those that have ended would be kept otherwise.
        while state.tasks.try_join_next().is_some() {}
        if state.has_ended {
            return;
        }
        let hub = self.clone();
        state.tasks.spawn(async move {
            let value = awaited.await;
            let mut state = hub.state();
            let effects = handle(&mut state.miner, value, hub.now_us());
            hub.apply(&mut state, effects);
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// No code panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
