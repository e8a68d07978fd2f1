//! Events as the host moves them: a name and bytes that it never looks into.

use std::sync::Arc;

pub use tig_plugin_api::frame::EventKind as Kind;

use crate::store::OutboxEntry;

/// Event that the host itself emits at every tick.
pub const UPDATE: &str = "update";

/// Event that tells an extension of the answer to one of its HTTP requests.
pub(crate) const HTTP_RESPONSE: &str = "http_response";

/// Event that tells of an extension replaced by a new version.
pub(crate) const EXTENSION_RELOADED: &str = "extension_reloaded";

/// Event that tells of a new version that was refused.
pub(crate) const EXTENSION_REJECTED: &str = "extension_rejected";

/// An event in the host's global order. Extensions share one copy.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Event {
    /// Place in the global order.
    pub sequence: u64,
    /// Name by which handlers are found.
    pub name: Arc<str>,
    /// Arguments, as JSON.
    pub payload: Arc<[u8]>,
    /// Its key in the outbox, if it is durable.
    pub outbox_id: Option<u64>,
    /// It takes the place of an earlier event of its name that still waits.
    pub latest: bool,
}

impl Event {
    /// How the outbox keeps it, if it is durable.
    pub(crate) fn outbox_entry(&self) -> Option<OutboxEntry<'_>> {
        Some(OutboxEntry {
            id: self.outbox_id?,
            name: &self.name,
            payload: &self.payload,
        })
    }
}
