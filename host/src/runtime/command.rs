//! What the host asks of a runner.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::observe::shadow_status::ShadowStatusHandle;
use crate::plugin::Plugin;
use crate::runtime::failure::{ShadowStartError, SwitchError};

/// An order for the runner itself; goes before the items that wait.
pub(crate) enum Command {
    /// Replace the instance.
    Swap(Box<Successor>),
    /// End the new version's probation if it is over.
    Confirm,
    /// Start a shadow of the instance.
    StartShadow(Box<StartShadow>),
    /// End the shadow.
    EndShadow,
    /// End the thread, and say so at its end. Items that wait stay where they are.
    Stop(Sender<()>),
}

/// What replaces an instance.
pub(crate) struct Successor {
    /// Its code.
    pub plugin: Plugin,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
    /// Whether it is tried again if it was rolled back.
    pub retry: Retry,
    /// Receives the outcome.
    pub done: Sender<Result<(), SwitchError>>,
}

/// Whether a version is tried again that was rolled back with the same settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Retry {
    /// It is: someone has asked for this version.
    Yes,
    /// It is not, unless the extension is stopped and has nothing better to run.
    No,
}

/// What runs as a shadow of an instance.
pub(crate) struct StartShadow {
    /// Its code.
    pub plugin: Plugin,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
    /// Where the shadow counts its results.
    pub status: ShadowStatusHandle,
    /// Receives the outcome.
    pub done: Sender<Result<(), ShadowStartError>>,
}
