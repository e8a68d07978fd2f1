//! Sends the frames of a handler at the same moment: on as many threads as there are processors, in an order of connections
//! that is drawn anew each time, so that no peer is first more often than another.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use super::connection::Connection;
use crate::threads::Threads;

/// Threads that write, at most.
const WRITERS_MAX: usize = 64;

/// Connections that a writer writes on before it lets other threads have its processor. Writers that keep all processors until the
/// last frame is out make peers on the same machine, and the threads that read, wait; those that give way more often take longer.
const CONNECTIONS_PER_TURN: usize = 32;

/// The writers.
pub(super) struct Barrier {
    writers: Vec<mpsc::Sender<Order>>,
    threads: Threads,
}

enum Order {
    Write(Arc<Batch>),
    Stop,
}

/// Connections with frames that are to go out at the same moment.
struct Batch {
    connections: Vec<Arc<Connection>>,
    next: AtomicUsize,
}

impl Batch {
    /// Writes on the connections that no other writer has begun.
    fn write(&self) {
        let next = || {
            self.connections
                .get(self.next.fetch_add(1, Ordering::Relaxed))
        };
        let mut written = 0;
        while let Some(connection) = next() {
            connection.write();
            written += 1;
            if written % CONNECTIONS_PER_TURN == 0 {
                thread::yield_now();
            }
        }
    }
}

impl Barrier {
    /// Starts the writers.
    ///
    /// # Errors
    ///
    /// The system has no room for a thread.
    pub(super) fn start() -> io::Result<Self> {
        let threads = Threads::default();
        let mut writers = Vec::new();
        for _ in 0..writer_count() {
            let (sender, orders) = mpsc::channel();
            threads.spawn("ws-writer", move || work(&orders))?;
            writers.push(sender);
        }
        Ok(Self { writers, threads })
    }

    /// Writes what waits on `connections`; returns at once. The number of batches that wait is bounded: a connection is in
    /// one of them at most.
    pub(super) fn release(&self, mut connections: Vec<Arc<Connection>>) {
        if let [connection] = &*connections {
            // Not worth waking a thread: the kernel takes the bytes or does not, in microseconds.
            return connection.write();
        }
        shuffle(&mut connections);
        let batch = Arc::new(Batch {
            connections,
            next: AtomicUsize::new(0),
        });
        for writer in self.writers.iter().take(batch.connections.len()) {
            // A writer is gone only when the host has stopped.
            let _ = writer.send(Order::Write(Arc::clone(&batch)));
        }
    }

    /// Ends the writers.
    pub(super) fn stop(&self, deadline: Instant) {
        for writer in &self.writers {
            // It may be gone already.
            let _ = writer.send(Order::Stop);
        }
        self.threads.leave(deadline);
    }
}

/// Number of writers.
#[must_use]
pub(crate) fn writer_count() -> usize {
    let processors = thread::available_parallelism();
    processors.map_or(1, NonZeroUsize::get).min(WRITERS_MAX)
}

fn work(orders: &mpsc::Receiver<Order>) {
    while let Ok(Order::Write(batch)) = orders.recv() {
        batch.write();
    }
}

/// Puts `things` in an order drawn anew; without random numbers of the system the order stays.
fn shuffle<T>(things: &mut [T]) {
    let mut bytes = vec![0; things.len() * size_of::<u64>()];
    if getrandom::fill(&mut bytes).is_err() {
        return;
    }
    let (words, _) = bytes.as_chunks();
    for (last, word) in words.iter().enumerate().skip(1) {
        // So many bits that no place is more likely than another by anything that counts.
        let place = u64::from_le_bytes(*word) % (last as u64 + 1);
        things.swap(last, place as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_drawn_anew_and_loses_none() {
        let mut first_places = [0_u32; 8];
        for _ in 0..800 {
            let mut things: Vec<usize> = (0..8).collect();
            shuffle(&mut things);
            first_places[things[0]] += 1;
            things.sort_unstable();
            assert_eq!(things, (0..8).collect::<Vec<_>>());
        }
        // Each is first in 100 of 800 draws; ten standard deviations from that does not happen.
        assert!(first_places.iter().all(|count| count.abs_diff(100) < 94));
    }
}
