//! Why a version of an extension does not run, or nothing can be stored.

use crate::limits::SWITCH_TIMEOUT;
use crate::store::StoreError;

/// The text of a plugin's failed call, or of its panic.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct PluginFailure(pub String);

/// Why nothing can be stored any more. Each later transaction fails with it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct StoreFailure(pub(crate) String);

/// Why a version does not take over.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SwitchError {
    /// `snapshot` of the running version failed.
    #[error("the running version cannot hand its state over: {0}")]
    Snapshot(PluginFailure),
    /// `new`, `migrate` or `restore` of the new version failed.
    #[error(transparent)]
    New(#[from] PluginFailure),
    /// The new version failed before its switch was complete.
    #[error("{0}")]
    RolledBack(String),
    /// The new version was rolled back while its switch waited, and is not tried again by itself.
    #[error("{0}")]
    NotRetried(String),
    /// The switch will happen when the running handler returns.
    #[error(
        "its predecessor's handler has not returned for {} s; the switch is still due",
        SWITCH_TIMEOUT.as_secs()
    )]
    Late,
}

/// Why no shadow starts.
#[derive(Debug, thiserror::Error)]
pub enum ShadowStartError {
    /// The extension has no instance.
    #[error("the extension is stopped: there is nothing to compare with")]
    Stopped,
    /// `snapshot` of the running version failed.
    #[error("the running version cannot hand its state over: {0}")]
    Snapshot(PluginFailure),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system has no more threads.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The running handler has not returned in time.
    #[error("the running version's handler has not returned for {} s; try again when it has", SWITCH_TIMEOUT.as_secs())]
    Late,
}
