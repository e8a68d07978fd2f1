//! Asking the slave to stop. Invariant: once requested, a stop stays requested.

use tokio::sync::watch;

/// Requests the stop; dropping it requests it too.
#[derive(Debug)]
pub struct StopHandle(watch::Sender<bool>);

/// Waits for the stop; clones see the same request.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A connected pair.
#[must_use]
pub fn stop_pair() -> (StopHandle, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopHandle(sender), Stop(receiver))
}

impl StopHandle {
    /// Requests the stop; further calls change nothing.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns when the stop is requested.
    pub async fn requested(&self) {
        // An error means that the handle is gone, which is a request as well.
        let _ = self.0.clone().wait_for(|stopped| *stopped).await;
    }

    /// Whether the stop was requested.
    pub(crate) fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Runs `work` unless the stop comes first; `None` means that `work` was dropped.
    pub(crate) async fn unless_requested<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.requested() => None,
            done = work => Some(done),
        }
    }
}
