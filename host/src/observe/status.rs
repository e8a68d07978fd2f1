//! The status of extensions, for the operator.

use serde::{Deserialize, Serialize};

use super::conditions::StandingCondition;
use super::handler_times::HandlerTime;
use super::shadow_status::ShadowStatus;

/// What becomes of an extension's events.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The running version handles them.
    #[default]
    Running,
    /// A new version handles them; the old one is kept for a rollback.
    Probation,
    /// They are dropped, but for durable ones, which stay in the outbox: the extension has failed too often, or could
    /// not be restarted.
    Stopped,
}

/// The status of one extension.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ExtensionStatus {
    /// Name in the config.
    pub name: String,
    /// Version that runs.
    pub version: String,
    /// BLAKE3 of its file, in hex.
    pub hash: String,
    /// Version of the plugin API that it was built with.
    #[serde(default)]
    pub api_version: u32,
    /// Whether it handles events.
    pub state: State,
    /// Number of times that a version has taken over from another since the host started.
    pub reloads: u64,
    /// Microseconds that events waited for the last of them, including the old version's snapshot, and the new one's
    /// `new` and `migrate`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_switch_us: Option<u64>,
    /// Bytes of the plugin files that are mapped for this extension; files stay mapped until the host ends.
    pub code_bytes: u64,
    /// Number of events, responses and requests that wait.
    pub waiting: usize,
    /// Number of events, responses and requests that were handled since the host started.
    pub handled: u64,
    /// Number of those that failed.
    pub failed: u64,
    /// The last failure: the handled item, and the reason.
    pub last_failure: Option<String>,
    /// The last version that was rejected, and the reason.
    pub rejected: Option<String>,
    /// The shadow of the running version, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowStatus>,
    /// Number of restarts after a panic.
    pub restarts: u64,
    /// Number of instances restored from storage after a handler had asked for effects and failed.
    pub restores: u64,
    /// Number of unfinished pieces of work that it has reported; a drain waits for them.
    pub unfinished: u64,
    /// Number of its websocket connections.
    #[serde(default)]
    pub connections: usize,
    /// Number of frames that were read on them since the host started.
    #[serde(default)]
    pub frames_received: u64,
    /// Number of frames that were sent on them.
    #[serde(default)]
    pub frames_sent: u64,
    /// How long its handlers have taken, those first that have taken the longest.
    #[serde(default)]
    pub handlers: Vec<HandlerTime>,
    /// The handler that is running longer than it should, if there is one.
    pub busy: Option<Busy>,
    /// What the extension has reported of its state.
    #[serde(default)]
    pub conditions: Vec<StandingCondition>,
}

/// A handler that takes long.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Busy {
    /// The event, or method and path of the request.
    pub what: String,
    /// Whole seconds that it has been running.
    pub seconds: u64,
    /// Whether it has been running for longer than [`crate::observe::watchdog::STUCK`]: an operator is needed.
    pub stuck: bool,
}
