//! Memory for long messages: one budget for all websocket connections of an extension, and one for all bodies of requests to
//! its routes, so that many peers together cannot fill the memory of the host. Short messages need no part of it, so that no
//! peer holds up one that sends short messages only; short bodies are counted while they are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Bytes of bodies without room of their own that are being read, of one extension. Those that are whole count as waiting requests.
pub(crate) const READING_BYTES_MAX: usize = 256 << 20;

/// Number of such bytes.
#[derive(Debug, Default)]
pub(crate) struct Reading(AtomicUsize);

/// The bytes of one body, until it is dropped.
pub(crate) struct ReadingBody<'a> {
    all: &'a Reading,
    bytes: usize,
}

impl Reading {
    /// Begins a body.
    #[must_use]
    pub(crate) fn begin(&self) -> ReadingBody<'_> {
        ReadingBody {
            all: self,
            bytes: 0,
        }
    }
}

impl ReadingBody<'_> {
    /// Counts a part of it; `false` if there are too many bytes of all.
    #[must_use]
    pub(crate) fn add(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.all.0.fetch_add(bytes, Ordering::Relaxed) + bytes <= READING_BYTES_MAX
    }
}

impl Drop for ReadingBody<'_> {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Ordering::Relaxed);
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
