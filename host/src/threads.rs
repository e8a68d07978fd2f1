//! Threads that come and go with extensions, joined when the host stops.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::warn;

#[derive(Debug, Default)]
pub(crate) struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    /// Starts a thread.
    ///
    /// # Errors
    ///
    /// The operating system has no more threads.
    pub(crate) fn spawn(
        &self,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<(), std::io::Error> {
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)?;
        // No code panics while it holds the lock, so a poisoned list is still whole.
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Extensions come and go, and the list must not grow with each of them.
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
        Ok(())
    }

    /// Waits until all threads have ended, or until `deadline`; logs the names of those that are left behind.
    pub(crate) fn leave(&self, deadline: Instant) {
        const POLL: Duration = Duration::from_millis(5);
        let threads = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // `join` has no deadline, and a native handler may never return.
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(POLL);
            }
            if !thread.is_finished() {
                let name = thread.thread().name().unwrap_or("unnamed");
                warn!("thread `{name}` does not end; it is left behind");
            }
        }
    }
}
