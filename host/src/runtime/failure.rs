//! Why a version of an extension does not run.

use crate::{limits::SWITCH_TIMEOUT, store::StoreError};

/// What a plugin gave as the reason for a failed call, or that it panicked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct PluginFailure(pub String);

/// Why nothing can be stored any more. Each transaction from now on fails by it.
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
    /// The switch is still due.
    #[error(
        "its predecessor's handler has not returned for {} s; the switch is still due",
        SWITCH_TIMEOUT.as_secs()
    )]
    Late,
}

/// Why nothing runs beside an extension.
#[derive(Debug, thiserror::Error)]
pub enum ShadowStartError {
    /// There is no instance.
    #[error("the extension is stopped: there is nothing to compare with")]
    Stopped,
    /// `snapshot` of the running version failed.
    #[error("the running version cannot hand its state over: {0}")]
    Snapshot(PluginFailure),
    /// What is stored cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system has no more threads.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// It may still start.
    #[error("the running version's handler has not returned for {} s", SWITCH_TIMEOUT.as_secs())]
    Late,
}
