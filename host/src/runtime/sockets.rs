//! Websocket connections of extensions, as their handlers see them: which tags are taken, and what is asked of connections.
//!
//! A tag is taken when the effects of the handler that opens it are submitted, and free when the extension takes the end of the
//! connection out of its mailbox. So no event of an earlier connection comes after one of a later connection of the same tag.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tig_plugin_api::{WsClose, WsOpen};

use crate::runtime::long_messages::LongMessages;
use crate::runtime::mailbox::Mailbox;

/// Connections that one extension may have.
pub(crate) const SOCKETS_MAX: usize = 16_384;

/// Bytes that may wait to be sent on one connection.
pub(crate) const UNSENT_BYTES_MAX: usize = 128 << 20;

/// Longest reason of a close, in bytes: what a control frame has room for (RFC 6455, section 5.5).
pub(crate) const CLOSE_REASON_BYTES_MAX: usize = 123;

/// What a handler asks of a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum SocketAction {
    /// To be opened.
    Open(Box<WsOpen>),
    /// A text frame to be sent.
    Send(Frame),
    /// To be closed.
    Close(Arc<str>, WsClose),
}

/// A text frame to be sent. Its text is shared with a probation, which keeps what a new version has sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Tag of the connection.
    pub tag: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// Number by which it is reported as written, if it is.
    pub number: Option<u64>,
}

impl SocketAction {
    /// Tag of the connection.
    #[must_use]
    pub(crate) fn tag(&self) -> &str {
        match self {
            Self::Open(open) => &open.tag,
            Self::Send(frame) => &frame.tag,
            Self::Close(tag, _) => tag,
        }
    }
}

/// Carries out what handlers ask of connections, on its own threads.
pub(crate) trait SocketDriver: Send + Sync {
    /// Carries out the actions of one handler, in their order for each connection; returns at once. Frames go out at the same
    /// moment. An action for a connection that has ended meanwhile is dropped.
    fn carry_out(&self, owner: &SocketOwner, actions: Vec<SocketAction>);

    /// Ends all connections of an extension that is removed.
    fn end_all(&self, owner: &SocketOwner);
}

/// The extension that connections belong to.
#[derive(Clone)]
pub(crate) struct SocketOwner {
    /// Its name.
    pub name: Arc<str>,
    /// Where events of its connections go.
    pub mailbox: Arc<Mailbox>,
    /// The tags of its connections.
    pub tags: Arc<SocketTags>,
    /// Frames of all of them.
    pub frames: Arc<FrameCounts>,
    /// Room for long messages on all of them.
    pub long_messages: LongMessages,
}

/// Number of frames since the host started.
#[derive(Debug, Default)]
pub(crate) struct FrameCounts {
    /// Frames that were read.
    pub received: AtomicU64,
    /// Frames that are with the kernel.
    pub sent: AtomicU64,
}

/// Number of bytes that wait to be sent on a connection.
#[derive(Debug, Default)]
pub(crate) struct Unsent(AtomicUsize);

impl Unsent {
    /// The number.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts a frame that was submitted.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a frame that is with the kernel.
    pub(crate) fn sent(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The tags of one extension's connections.
#[derive(Debug, Default)]
pub(crate) struct SocketTags(Mutex<HashMap<Arc<str>, Arc<Unsent>>>);

impl SocketTags {
    /// Takes a tag for a connection.
    pub(crate) fn take(&self, tag: &str) {
        self.lock().entry(tag.into()).or_default();
    }

    /// Frees the tag of a connection whose end was handled.
    pub(crate) fn free(&self, tag: &str) {
        self.lock().remove(tag);
    }

    /// What waits to be sent on the connection; `None` if the tag is not taken.
    #[must_use]
    pub(crate) fn unsent(&self, tag: &str) -> Option<Arc<Unsent>> {
        self.lock().get(tag).cloned()
    }

    /// Number of connections.
    #[must_use]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// No code panics while it holds the lock, so poisoned contents are still whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Unsent>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_is_taken_until_it_is_freed() {
        let tags = SocketTags::default();
        tags.take("a");
        let unsent = tags.unsent("a").unwrap();
        unsent.add(5);
        tags.take("a");
        assert_eq!(tags.unsent("a").unwrap().bytes(), 5, "taken once");
        unsent.sent(5);
        assert_eq!((tags.count(), unsent.bytes()), (1, 0));
        tags.free("a");
        assert!(tags.unsent("a").is_none());
    }
}
