//! The thread that keeps time: it publishes `update`, watches handlers, ends probations, and keeps the host's conditions.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tracing::{error, warn};

use crate::lifecycle::health::Health;
use crate::lifecycle::rollback;
use crate::observe::watchdog::{self, STUCK};
use crate::runtime::clock::JumpWatch;
use crate::runtime::command::Command;
use crate::runtime::event::{Kind, UPDATE};
use crate::runtime::extension::Extension;
use crate::runtime::shared::Shared;

/// Time between two `update`s.
pub(crate) const UPDATE_INTERVAL: Duration = Duration::from_secs(5);

/// Runs until a message comes. Under a virtual clock the test publishes `update`, since it decides how often.
pub(crate) fn run(shared: &Arc<Shared>, mut health: Health, stop: &mpsc::Receiver<()>) {
    let bus = &shared.services.bus;
    let mut next = Instant::now();
    let mut jumps = JumpWatch::start();
    loop {
        if Instant::now() >= next && !shared.services.clock.is_virtual() {
            jumps.check();
            // Only the latest `update` waits in a mailbox, so there is always room.
            let _ = bus.emit(UPDATE, b"{}", Kind::Latest);
        }
        while next <= Instant::now() {
            next += UPDATE_INTERVAL;
        }
        for extension in bus.extensions() {
            if check_handler(&extension) == Finding::Stuck {
                rollback::roll_back_stuck(shared, &extension);
            }
            let is_over = |now| {
                let probation = extension.probation()?;
                Some(probation.as_ref()?.is_over(now))
            };
            if is_over(Instant::now()) == Some(true) {
                extension.mailbox.put_command(Command::Confirm);
            }
        }
        health.check(Instant::now());
        let wait = watchdog::CHECK_INTERVAL.min(next.saturating_duration_since(Instant::now()));
        if stop.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// The result of a check.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Finding {
    /// Nothing to report.
    Well,
    /// A handler has just become slow.
    Slow,
    /// A handler has just become stuck.
    Stuck,
}

/// Checks the handler of an extension.
fn check_handler(extension: &Extension) -> Finding {
    match extension.activity().check(Instant::now()) {
        None => Finding::Well,
        Some((what, STUCK)) => {
            error!(
                extension = extension.name,
                %what,
                "stuck for more than {} s; its events wait, the other extensions go on",
                STUCK.as_secs()
            );
            Finding::Stuck
        }
        Some((what, bound)) => {
            warn!(extension = extension.name, %what, "takes more than {} s", bound.as_secs());
            Finding::Slow
        }
    }
}
