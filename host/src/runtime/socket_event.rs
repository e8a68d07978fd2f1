//! Events of websocket connections on the way to their extension, and how much of them may wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::runtime::long_messages::LongMessage;

/// Frames of one connection that may wait for their extension; then no more are read from it.
pub(crate) const UNHANDLED_FRAMES_MAX: usize = 64;

/// Bytes of frames of one connection that may wait for their extension.
pub(crate) const UNHANDLED_BYTES_MAX: usize = 8 << 20;

/// Something that happened to a connection, for its extension.
pub(crate) struct SocketEvent {
    /// Tag of the connection.
    pub tag: Arc<str>,
    /// The encoded event.
    pub payload: Arc<[u8]>,
    /// Whether it is the last event of the connection.
    pub is_last: bool,
    /// Given back when it was handled.
    #[expect(dead_code, reason = "counts until it is dropped")]
    pub room: Option<FrameRoom>,
}

/// How much of what one connection has sent waits for its extension.
#[derive(Debug, Default)]
pub(crate) struct Unhandled {
    /// Frames, and their bytes.
    waiting: Mutex<(usize, usize)>,
    handled: Notify,
}

impl Unhandled {
    /// Waits until a further frame may be read.
    pub(crate) async fn room(&self) {
        loop {
            // Registered before the check, so that a frame handled in between is not missed.
            let handled = self.handled.notified();
            if self.has_room() {
                return;
            }
            handled.await;
        }
    }

    /// Counts a frame that was read; a long one keeps its part of the budget.
    #[must_use]
    pub(crate) fn count(self: &Arc<Self>, bytes: usize, long: Option<LongMessage>) -> FrameRoom {
        let mut waiting = self.lock();
        *waiting = (waiting.0 + 1, waiting.1 + bytes);
        FrameRoom {
            of: Arc::clone(self),
            bytes,
            _long: long,
        }
    }

    /// Whether a further frame may be read.
    #[must_use]
    pub(crate) fn has_room(&self) -> bool {
        let (frames, bytes) = *self.lock();
        frames < UNHANDLED_FRAMES_MAX && bytes < UNHANDLED_BYTES_MAX
    }

    /// No code panics while it holds the lock, so poisoned contents are still whole.
    fn lock(&self) -> MutexGuard<'_, (usize, usize)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room that a frame takes until its extension has handled it.
#[derive(Debug)]
pub(crate) struct FrameRoom {
    of: Arc<Unhandled>,
    bytes: usize,
    _long: Option<LongMessage>,
}

impl Drop for FrameRoom {
    fn drop(&mut self) {
        let mut waiting = self.of.lock();
        *waiting = (waiting.0 - 1, waiting.1 - self.bytes);
        drop(waiting);
        self.of.handled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reading_waits_until_frames_are_handled() {
        let unhandled = Arc::<Unhandled>::default();
        let mut rooms: Vec<_> = (0..UNHANDLED_FRAMES_MAX)
            .map(|_| unhandled.count(1, None))
            .collect();
        let waits = Arc::clone(&unhandled);
        let waiting = tokio::spawn(async move { waits.room().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        rooms.pop();
        waiting.await.unwrap();
        rooms.clear();
        let long = unhandled.count(UNHANDLED_BYTES_MAX, None);
        assert!(!unhandled.has_room());
        drop(long);
        assert!(unhandled.has_room());
    }
}
