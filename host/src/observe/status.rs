//! What the host tells of itself.

use serde::{Deserialize, Serialize};

use super::shadow_status::ShadowStatus;

/// What becomes of an extension's events.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// They are handled.
    #[default]
    Running,
    /// They are handled by a new version; the old one is kept, to go on if the new one fails.
    Probation,
    /// They pass it by, but for durable ones, which stay in the outbox: it has failed too often, or could not be made anew.
    Stopped,
}

/// One extension.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ExtensionStatus {
    /// Name in the config.
    pub name: String,
    /// Version that runs.
    pub version: String,
    /// BLAKE3 of its file, in hex.
    pub hash: String,
    /// See [`State`].
    pub state: State,
    /// Times that a version has taken over from another since the host started.
    pub reloads: u64,
    /// Microseconds that events waited for the last of them: the old version's snapshot, and the new one's `new` and
    /// `migrate`, included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_switch_us: Option<u64>,
    /// Bytes of the plugin files that are mapped for this extension; they stay mapped until the host ends.
    pub code_bytes: u64,
    /// Events, responses and requests that wait.
    pub waiting: usize,
    /// Events, responses and requests that were handled since the host started.
    pub handled: u64,
    /// Those that failed.
    pub failed: u64,
    /// The last failure: what was handled, and why it failed.
    pub last_failure: Option<String>,
    /// The last version that was refused, and why.
    pub rejected: Option<String>,
    /// The candidate that runs beside it, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowStatus>,
    /// Instances made anew after a panic.
    pub restarts: u64,
    /// Instances restored from storage after a handler failed that had asked for effects.
    pub restores: u64,
    /// Pieces of work that it has not finished, by its own account; a drain waits for them.
    pub unfinished: u64,
    /// The handler that is running longer than it should, if any.
    pub busy: Option<Busy>,
}

/// A handler that takes long.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Busy {
    /// The event, or method and path of the request.
    pub what: String,
    /// For how long it has been running, at least.
    pub seconds: u64,
    /// Longer than [`crate::observe::watchdog::STUCK`]: a person is needed.
    pub stuck: bool,
}
