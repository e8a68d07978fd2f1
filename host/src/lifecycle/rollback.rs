//! Rolls back an extension whose new version is stuck in a handler.
//!
//! A native handler cannot be stopped. Its thread is left behind: effects that it still asks for are dropped, and it
//! ends when the handler returns, if ever. The old version goes on on another thread.

use std::sync::Arc;

use tracing::error;

use crate::observe::watchdog::STUCK;
use crate::runtime::extension::Extension;
use crate::runtime::runner::Runner;
use crate::runtime::shared::Shared;

/// Rolls back `extension` if its new version is on probation.
pub(crate) fn roll_back_stuck(shared: &Arc<Shared>, extension: &Arc<Extension>) {
    let Some((probation, epoch, activity)) = extension.give_up() else {
        return;
    };
    // Transactions that the new version has submitted before are applied before the old one goes on.
    extension.fence.wait_until_clear();
    let runner = Runner::resume_old(
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
