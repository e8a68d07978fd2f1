//! Keeping the state on disk.
//!
//! Invariant: what was answered is on disk before the answer is sent. Once it cannot be written any more, nothing is
//! answered.

use tig_process::error_chain::error_chain;
use tracing::error;

use super::{Devnet, State};
use crate::store::Store;

/// Where the state is kept.
#[derive(Debug)]
pub(super) enum Keeping {
    /// Only in memory.
    Nowhere,
    In(Store),
    /// Nowhere any more, for this reason.
    Failed(String),
}

/// The state could not be put on disk: the change is made in memory only, and the network is about to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the network cannot store its state and stops")]
pub struct NotKept;

impl State {
    /// Puts on disk what has changed; `false` if that cannot be done.
    pub(super) fn keep(&mut self) -> bool {
        if matches!(self.keeping, Keeping::Nowhere) {
            return true;
        }
        // A panic loses the write in progress: then nothing is kept any more.
        let panicked = Keeping::Failed("the database panicked".to_owned());
        self.keeping = match std::mem::replace(&mut self.keeping, panicked) {
            Keeping::In(store) => match self.write_to(&store) {
                Ok(()) => Keeping::In(store),
                Err(reason) => {
                    error!(reason, "the state cannot be kept");
                    Keeping::Failed(reason)
                }
            },
            other => other,
        };
        !self.has_failed()
    }

    fn write_to(&mut self, store: &Store) -> Result<(), String> {
        let edits = self.api.take_edits();
        let edits = edits.map_err(|error| error_chain(&error))?;
        if edits.is_empty() {
            return Ok(());
        }
        store.write(&edits).map_err(|error| error_chain(&error))
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(self.keeping, Keeping::Failed(_))
    }
}

impl Devnet {
    /// Waits until the state cannot be kept any more, and returns the reason; the network answers nothing from then on.
    pub async fn failure(&self) -> String {
        loop {
            let failed = self.0.failed.notified();
            if let Keeping::Failed(reason) = &self.state().keeping {
                return reason.clone();
            }
            failed.await;
        }
    }

    /// Wakes the callers of [`Devnet::failure`] unless the state was kept.
    pub(super) fn notify_unless(&self, kept: bool) {
        if !kept {
            self.0.failed.notify_waiters();
        }
    }
}
