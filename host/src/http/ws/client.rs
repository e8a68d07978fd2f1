//! Websocket connections of extensions, over the network.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tig_http_client::Trust;
use tig_plugin_api::{WsClose, WsOpen};
use tokio::runtime::Handle;

use super::barrier::Barrier;
use super::connection::{Connection, Connections};
use super::dial::Dialer;
use super::ending::{Ending, GOING_AWAY};
use super::task;
use crate::runtime::clock::Clock;
use crate::runtime::sockets::{SocketAction, SocketDriver, SocketOwner};

/// Longest wait for connections to end when the host stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest wait for the threads that write, which end at once unless they are in the middle of a batch.
const WRITERS_STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// Opens connections and keeps them, whatever becomes of the versions of their extensions.
#[derive(Clone)]
pub(crate) struct WsClient(Arc<Inner>);

struct Inner {
    runtime: Handle,
    clock: Clock,
    dialer: Dialer,
    barrier: Barrier,
    connections: Mutex<Connections>,
    live: Live,
}

impl WsClient {
    /// A client that trusts `trust`, with connections on `runtime`.
    ///
    /// # Errors
    ///
    /// The system has no room for the threads that write.
    pub(crate) fn start(runtime: Handle, trust: &Trust, clock: Clock) -> io::Result<Self> {
        Ok(Self(Arc::new(Inner {
            runtime,
            dialer: Dialer::new(trust, clock.clone()),
            clock,
            barrier: Barrier::start()?,
            connections: Mutex::default(),
            live: Live::default(),
        })))
    }

    /// Sets the trusted authorities of later connections.
    pub(crate) fn set_trust(&self, trust: &Trust) {
        self.0.dialer.set_trust(trust);
    }

    /// Closes all connections, waits for their ends, and ends the threads that write.
    pub(crate) fn stop(&self) {
        let deadline = Instant::now() + STOP_TIMEOUT;
        let connections: Vec<_> = self.lock().values().cloned().collect();
        close_all(&connections, "the host stops");
        self.0.live.wait_until_none(deadline);
        // A time of their own: a single peer that does not end its connection takes up the whole of the other.
        self.0.barrier.stop(Instant::now() + WRITERS_STOP_TIMEOUT);
    }

    fn open(&self, owner: &SocketOwner, open: Box<WsOpen>) {
        let inner = Arc::clone(&self.0);
        let connection = Arc::new(Connection::new(owner, &open.tag, inner.clock.clone()));
        let key = (Arc::clone(&owner.name), Arc::clone(&connection.tag));
        self.lock().insert(key, Arc::clone(&connection));
        inner.live.add();
        self.0.runtime.spawn(async move {
            let client = Self(inner);
            let _live = LiveGuard(&client.0.live);
            let forget = |connection: &Arc<Connection>| client.forget(connection);
            let served = task::run(Arc::clone(&connection), &client.0.dialer, open, forget);
            if AssertUnwindSafe(served).catch_unwind().await.is_err() {
                // The log has the panic; its extension must not wait for an end that never comes.
                client.forget(&connection);
                connection.end(Ending::broken("the host has failed; see its log"));
            }
        });
    }

    fn find(&self, owner: &SocketOwner, tag: &Arc<str>) -> Option<Arc<Connection>> {
        let key = (Arc::clone(&owner.name), Arc::clone(tag));
        self.lock().get(&key).cloned()
    }

    /// Removes a connection that has ended, unless another of its tag is there already.
    fn forget(&self, connection: &Arc<Connection>) {
        let key = (
            Arc::clone(&connection.owner.name),
            Arc::clone(&connection.tag),
        );
        let mut connections = self.lock();
        if connections
            .get(&key)
            .is_some_and(|there| Arc::ptr_eq(there, connection))
        {
            connections.remove(&key);
        }
    }

    /// No code panics while it holds the lock, so poisoned contents are still whole.
    fn lock(&self) -> MutexGuard<'_, Connections> {
        self.0
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl SocketDriver for WsClient {
    fn carry_out(&self, owner: &SocketOwner, actions: Vec<SocketAction>) {
        let mut to_write = Vec::new();
        for action in actions {
            let connection = match action {
                SocketAction::Open(open) => {
                    self.open(owner, open);
                    continue;
                }
                SocketAction::Send(frame) => {
                    let Some(connection) = self.find(owner, &frame.tag) else {
                        continue;
                    };
                    connection.push(frame);
                    connection
                }
                SocketAction::Close(tag, close) => {
                    let Some(connection) = self.find(owner, &tag) else {
                        continue;
                    };
                    connection.push_close(close);
                    connection
                }
            };
            if connection.schedule() {
                to_write.push(connection);
            }
        }
        if !to_write.is_empty() {
            self.0.barrier.release(to_write);
        }
    }

    fn end_all(&self, owner: &SocketOwner) {
        let connections = self.lock();
        let own = connections.values().filter(|connection| {
            // Not by name: an extension that was added again under it has connections of its own.
            Arc::ptr_eq(&connection.owner.tags, &owner.tags)
        });
        let own: Vec<_> = own.cloned().collect();
        drop(connections);
        close_all(&own, "the extension has ended");
    }
}

fn close_all(connections: &[Arc<Connection>], reason: &str) {
    for connection in connections {
        connection.give_up(WsClose {
            code: GOING_AWAY,
            reason: reason.to_owned(),
        });
    }
}

/// Number of tasks of connections.
#[derive(Default)]
struct Live {
    count: Mutex<usize>,
    ended: Condvar,
}

impl Live {
    fn add(&self) {
        *self.lock() += 1;
    }

    fn wait_until_none(&self, deadline: Instant) {
        let mut count = self.lock();
        while *count > 0
            && let Some(left) = deadline.checked_duration_since(Instant::now())
        {
            let waited = self.ended.wait_timeout(count, left);
            (count, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a task until it ends, however it ends.
struct LiveGuard<'a>(&'a Live);

impl Drop for LiveGuard<'_> {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.ended.notify_all();
    }
}
