//! Records what extensions ask of connections, for a test or simulation that plays the peers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::runtime::sockets::{SocketAction, SocketDriver, SocketOwner};

/// What an extension has asked of a connection.
#[derive(Clone, Debug)]
pub struct AskedOfSocket {
    /// Name of the extension.
    pub extension: String,
    /// What it has asked.
    pub action: SocketAction,
}

/// Opens no connection; [`RecordedSockets::take`] returns what was asked.
#[derive(Clone, Default)]
pub(crate) struct RecordedSockets(Arc<Mutex<Vec<AskedOfSocket>>>);

impl RecordedSockets {
    /// What was asked since the last call, in its order.
    #[must_use]
    pub(crate) fn take(&self) -> Vec<AskedOfSocket> {
        std::mem::take(&mut *self.lock())
    }

    /// No code panics while it holds the lock, so poisoned contents are still whole.
    fn lock(&self) -> MutexGuard<'_, Vec<AskedOfSocket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SocketDriver for RecordedSockets {
    fn carry_out(&self, owner: &SocketOwner, actions: Vec<SocketAction>) {
        let extension = |action| AskedOfSocket {
            extension: owner.name.to_string(),
            action,
        };
        self.lock().extend(actions.into_iter().map(extension));
    }

    fn end_all(&self, _owner: &SocketOwner) {}
}
