//! Memory for long messages: one budget for all websocket connections of an extension, and one for all bodies of requests to
//! its routes, so that many peers together cannot fill the memory of the host. Short messages need no part of it, so that no
//! peer holds up one that sends short messages only.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Longest message that needs no part of the budget, in bytes.
pub(crate) const SHORT_BYTES_MAX: usize = 256 << 10;

/// Bytes of long messages within one budget that are being read, or wait for their extension. A message that is longer is read alone.
const LONG_BYTES_MAX: usize = 128 << 20;

/// What the budget is counted in, in bytes.
const UNIT_BYTES: usize = 1 << 10;

/// A budget of one extension.
#[derive(Clone, Debug)]
pub(crate) struct LongMessages(Arc<Semaphore>);

/// The part of the budget that a message has, until it was handled or is given up.
pub(crate) type LongMessage = OwnedSemaphorePermit;

impl Default for LongMessages {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LONG_BYTES_MAX / UNIT_BYTES)))
    }
}

impl LongMessages {
    /// Waits until there is room for a message of `bytes`; in the order in which they ask.
    pub(crate) async fn take(&self, bytes: usize) -> Option<LongMessage> {
        let units = bytes.min(LONG_BYTES_MAX).div_ceil(UNIT_BYTES);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        // Fails only if the semaphore is closed, which nobody does.
        Arc::clone(&self.0).acquire_many_owned(units).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn long_messages_wait_for_those_before() {
        let budget = LongMessages::default();
        let first = budget.take(usize::MAX).await;
        assert!(first.is_some(), "longer than the budget, and read alone");
        let waits = budget.clone();
        let second = tokio::spawn(async move { waits.take(SHORT_BYTES_MAX + 1).await });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.unwrap().is_some());
    }
}
