//! A facilitator among its connections: the lock around the state machine, and the queues in front of the sockets.
//!
//! Effects are queued while the lock is held, so that each socket sends in the order in which the facilitator decided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::core::{FacilitatorCore, FacilitatorEffect};
use super::fault::{Ending, Faults};
use super::journal::{FacilitatorReport, JobRecord};
use super::order::{JobOrder, OrderError};
use crate::clock::Clock;

/// What waits in front of a socket; beyond, the connection ends, because its validator does not read.
const SCHEDULED_COUNT_MAX: usize = 65_536;
/// Pause between two looks at what is due.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// What happens to a socket.
#[derive(Debug)]
pub(super) enum SocketAction {
    Send(String),
    End(Ending),
}

/// Something for a socket, and when.
#[derive(Debug)]
pub(super) struct Scheduled {
    pub(super) not_before: Instant,
    pub(super) action: SocketAction,
}

#[derive(Debug)]
struct State {
    core: FacilitatorCore,
    writers: BTreeMap<u64, mpsc::Sender<Scheduled>>,
    has_ended: bool,
}

/// A facilitator among its connections. See the module.
#[derive(Debug)]
pub(super) struct Hub {
    state: Mutex<State>,
    clock: Clock,
}

impl Hub {
    pub(super) fn new(core: FacilitatorCore, clock: Clock) -> Self {
        let state = State {
            core,
            writers: BTreeMap::new(),
            has_ended: false,
        };
        Self {
            state: Mutex::new(state),
            clock,
        }
    }

    pub(super) fn now_us(&self) -> i64 {
        self.clock.unix_us()
    }

    /// Opens a connection; what it sends comes from the queue. The connection is over when the queue is closed.
    pub(super) fn connect(&self, version: Option<&str>) -> (u64, mpsc::Receiver<Scheduled>) {
        let (writer, queue) = mpsc::channel(SCHEDULED_COUNT_MAX);
        let mut state = self.state();
        let (connection, effects) = state.core.connect(version, self.now_us());
        debug!(connection, ?version, "validator connected");
        if !state.has_ended {
            state.writers.insert(connection, writer);
        }
        state.apply(effects);
        (connection, queue)
    }

    pub(super) fn disconnect(&self, connection: u64) {
        let mut state = self.state();
        state.writers.remove(&connection);
        state.core.disconnect(connection, self.now_us());
        debug!(connection, "validator disconnected");
    }

    /// Hands what a connection has read to the facilitator.
    pub(super) fn receive(
        &self,
        handle: impl FnOnce(&mut FacilitatorCore, i64) -> Vec<FacilitatorEffect>,
    ) {
        let mut state = self.state();
        let effects = handle(&mut state.core, self.now_us());
        state.log_violations();
        state.apply(effects);
    }

    pub(super) fn submit(&self, order: &JobOrder) -> Result<String, OrderError> {
        let mut state = self.state();
        let (uuid, effects) = state.core.submit(order, self.now_us())?;
        state.apply(effects);
        Ok(uuid)
    }

    pub(super) fn jobs(&self) -> Vec<JobRecord> {
        self.state().core.jobs().cloned().collect()
    }

    /// Jobs from the newest on, without the first `skipped`; and how many there are.
    pub(super) fn newest_jobs(&self, skipped: usize, count: usize) -> (Vec<JobRecord>, usize) {
        let state = self.state();
        let newest = state.core.jobs().rev().skip(skipped).take(count);
        (newest.cloned().collect(), state.core.jobs().count())
    }

    pub(super) fn job(&self, uuid: &str) -> Option<JobRecord> {
        self.state().core.job(uuid).cloned()
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        debug!(faults = ?faults.texts(), "faults of the facilitator changed");
        self.state().core.set_faults(faults);
    }

    pub(super) fn set_validators(&self, validators: Option<BTreeSet<String>>) {
        let mut state = self.state();
        let effects = state.core.set_validators(validators);
        state.apply(effects);
    }

    pub(super) fn report(&self) -> FacilitatorReport {
        self.state().core.report()
    }

    /// Ends all connections, for good.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.has_ended = true;
        state.writers.clear();
    }

    /// Lets time pass, for ever.
    pub(super) async fn run_clock(&self) {
        loop {
            tokio::time::sleep(TICK_INTERVAL).await;
            self.receive(FacilitatorCore::tick);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn apply(&mut self, effects: Vec<FacilitatorEffect>) {
        let now = Instant::now();
        for effect in effects {
            let (connection, delay, action) = match effect {
                FacilitatorEffect::Send {
                    connection,
                    delay,
                    text,
                } => (connection, delay, SocketAction::Send(text)),
                FacilitatorEffect::Close {
                    connection,
                    delay,
                    code,
                } => (connection, delay, SocketAction::End(Ending::Close(code))),
                FacilitatorEffect::Drop { connection } => {
                    (connection, Duration::ZERO, SocketAction::End(Ending::Drop))
                }
                FacilitatorEffect::Freeze { connection } => {
                    let action = SocketAction::End(Ending::Freeze);
                    (connection, Duration::ZERO, action)
                }
            };
            let scheduled = Scheduled {
                not_before: now + delay,
                action,
            };
            let writer = self.writers.get(&connection);
            if writer.is_some_and(|writer| writer.try_send(scheduled).is_err()) {
                warn!(
                    connection,
                    "connection ends: its validator does not read, or has gone"
                );
                self.writers.remove(&connection);
            }
        }
    }

    /// The text of a violation has foreign text quoted.
    fn log_violations(&mut self) {
        for violation in self.core.take_unlogged() {
            warn!(
                connection = violation.connection,
                job = ?violation.job_uuid,
                rule = ?violation.kind,
                "violation of the facilitator's protocol: {}", violation.detail
            );
        }
    }
}
