//! Events as the host moves them: a name, and a payload that it does not read.

use std::sync::Arc;

pub use tig_plugin_api::frame::EventKind as Kind;

use crate::store::OutboxEntry;

/// Event that the host itself emits at every tick.
pub const UPDATE: &str = "update";

pub(crate) use tig_plugin_api::abi::event::{HTTP_RESPONSE, RESERVED, TIMER, WS};

/// Name under which the host itself emits events and has conditions.
pub(crate) const HOST: &str = "host";

/// Event that reports an extension replaced by a new version.
pub(crate) const EXTENSION_RELOADED: &str = "extension_reloaded";

/// Event that reports a rejected new version.
pub(crate) const EXTENSION_REJECTED: &str = "extension_rejected";

/// Event that reports a condition that began, or has another severity than before. Only the host emits it.
pub(crate) const CONDITION_RAISED: &str = "condition_raised";

/// Event that reports a condition that ended. Only the host emits it.
pub(crate) const CONDITION_CLEARED: &str = "condition_cleared";

/// Whether only the host may emit events of this name.
#[must_use]
pub(crate) fn is_reserved(name: &str) -> bool {
    matches!(name, HTTP_RESPONSE | CONDITION_RAISED | CONDITION_CLEARED)
        || name.starts_with(RESERVED)
}

/// An event in the host's global order. Extensions share one copy.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Event {
    /// Sequence number in the global order.
    pub sequence: u64,
    /// Name by which handlers are found.
    pub name: Arc<str>,
    /// Arguments, as JSON.
    pub payload: Arc<[u8]>,
    /// Its key in the outbox, if it is durable.
    pub outbox_id: Option<u64>,
    /// Whether it replaces an earlier event of its name that still waits.
    pub latest: bool,
}

impl Event {
    /// Its form in the outbox, if it is durable.
    pub(crate) fn outbox_entry(&self) -> Option<OutboxEntry<'_>> {
        Some(OutboxEntry {
            id: self.outbox_id?,
            name: &self.name,
            payload: &self.payload,
        })
    }
}
