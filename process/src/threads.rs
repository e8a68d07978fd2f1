//! Threads of a program: as many as it needs, all made at the start, or none.
//!
//! Libraries start threads when they first need them, and panic where the system has no more (`ulimit -u`, the `pids` limit of
//! a container). So a program finds out at its start whether there is room, and keeps what it has.

use std::sync::{Arc, RwLock, mpsc};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use tokio::runtime::{Builder, Runtime};

/// Remedy for too few threads.
pub const REMEDY: &str = "allow more processes and threads (`ulimit -u`, `TasksMax=` of the service, the pids limit of the container)";

/// Idle threads stay: a new one might be refused. A century.
const KEEP_ALIVE: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// Time for threads to start or to be gone.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause between two looks at the number of threads.
const SETTLE_INTERVAL: Duration = Duration::from_millis(1);
/// Where the system lists the threads of this process.
const TASKS_FOLDER: &str = "/proc/self/task";

/// The system has too few threads.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the threads for {purpose} ({possible} of {wanted}): {cause}; {REMEDY}")]
pub struct ThreadsError {
    wanted: usize,
    possible: usize,
    purpose: &'static str,
    cause: io::Error,
}

impl ThreadsError {
    /// The only thread for `purpose` is missing.
    #[must_use]
    pub fn single(purpose: &'static str, cause: io::Error) -> Self {
        Self {
            wanted: 1,
            possible: 0,
            purpose,
            cause,
        }
    }
}

/// Threads of a runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeThreads {
    /// Threads that serve sockets; none leaves that to the thread that blocks on the runtime.
    pub io: usize,
    /// Threads for blocking work; more work than that waits for one of them.
    pub blocking: usize,
}

impl RuntimeThreads {
    /// Starts a runtime and all these threads.
    ///
    /// # Errors
    /// There is no room for them, or the system refuses something else that a runtime needs.
    pub fn start(self, purpose: &'static str) -> Result<Runtime, ThreadsError> {
        self.start_beside(0, purpose)
    }

    /// Starts a runtime and all these threads, if there is room for `others` of the program besides.
    ///
    /// # Errors
    /// There is no room for all, or the system refuses something else that a runtime needs.
    pub fn start_beside(
        self,
        others: usize,
        purpose: &'static str,
    ) -> Result<Runtime, ThreadsError> {
        let failed = |cause| ThreadsError {
            wanted: self.io + self.blocking,
            possible: 0,
            purpose,
            cause,
        };
        check_room(self.io + self.blocking + others, purpose)?;
        let mut builder = match self.io {
            0 => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        let runtime = builder
            .worker_threads(self.io.max(1))
            .max_blocking_threads(self.blocking)
            .thread_keep_alive(KEEP_ALIVE)
            .thread_name("runtime")
            .enable_all()
            .build()
            .map_err(failed)?;
        start_blocking(&runtime, self.blocking).map_err(failed)?;
        Ok(runtime)
    }
}

/// Whether the system has room for `wanted` more threads: starts them all, and lets them end.
///
/// # Errors
/// It has not.
fn check_room(wanted: usize, purpose: &'static str) -> Result<(), ThreadsError> {
    let before = count();
    let gate = RwLock::new(());
    thread::scope(|scope| {
        // Dropped at the end of this closure, before the threads are waited for.
        let _closed = gate.write();
        for possible in 0..wanted {
            let started = thread::Builder::new().spawn_scoped(scope, || drop(gate.read()));
            started.map_err(|cause| ThreadsError {
                wanted,
                possible,
                purpose,
                cause,
            })?;
        }
        Ok(())
    })?;
    // A thread that was waited for still counts for a moment.
    let deadline = Instant::now() + SETTLE_TIMEOUT;
    while count() > before && Instant::now() < deadline {
        thread::sleep(SETTLE_INTERVAL);
    }
    Ok(())
}

/// Threads of this process; 0 where the system does not say.
fn count() -> usize {
    fs::read_dir(TASKS_FOLDER).map_or(0, Iterator::count)
}

/// Lets `wanted` pieces of blocking work run at the same time, so that there are so many threads from now on.
fn start_blocking(runtime: &Runtime, wanted: usize) -> io::Result<()> {
    let gate = Arc::new(RwLock::new(()));
    let (sender, started) = mpsc::channel();
    let closed = gate.write();
    for _ in 0..wanted {
        let (gate, sender) = (Arc::clone(&gate), sender.clone());
        runtime.spawn_blocking(move || {
            let _ = sender.send(());
            drop(gate.read());
        });
    }
    for _ in 0..wanted {
        started
            .recv_timeout(SETTLE_TIMEOUT)
            .map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))?;
    }
    drop(closed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocking_work_needs_no_new_thread() {
        let threads = RuntimeThreads { io: 1, blocking: 3 };
        let runtime = threads.start("the test").unwrap();
        let metrics = runtime.metrics();
        assert_eq!(metrics.num_workers(), 1);
        let before = count();
        runtime.block_on(async {
            let work = (0..3).map(|_| tokio::task::spawn_blocking(|| ()));
            for done in work.collect::<Vec<_>>() {
                done.await.unwrap();
            }
        });
        assert_eq!(count(), before);
    }
}
