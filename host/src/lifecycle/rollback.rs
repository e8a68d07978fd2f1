//! Brings back the old version of an extension whose new one is stuck in a handler.
//!
//! A native handler cannot be stopped. Its thread is given up on: whatever it still asks for is dropped, and it ends when
//! the handler returns, if ever. The old version goes on on a thread of its own.

use std::sync::Arc;

use tracing::error;

use crate::{
    observe::watchdog::STUCK,
    runtime::{extension::Extension, runner::Runner, shared::Shared},
};

/// Does so if the extension in `extension` has a new version on probation.
pub(crate) fn rescue(shared: &Arc<Shared>, extension: &Arc<Extension>) {
    let Some((probation, epoch, activity)) = extension.give_up() else {
        return;
    };
    // What the new version has handed in before takes place before the old one goes on.
    extension.fence.wait_until_clear();
    let runner = Runner::resumed(
        Arc::clone(shared),
        Arc::clone(extension),
        (epoch, activity),
        probation,
        &format!("stuck for more than {} s", STUCK.as_secs()),
    );
    let spawned = shared.threads.spawn(&extension.name, move || runner.run());
    if let Err(reason) = spawned {
        error!(
            extension = extension.name,
            "its old version cannot go on: {reason}"
        );
    }
}
