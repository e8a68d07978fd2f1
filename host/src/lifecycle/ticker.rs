//! The thread that keeps time: it publishes `update`, watches over handlers, and ends probations.

use std::{
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use tracing::{error, warn};

use crate::{
    lifecycle::rollback,
    observe::watchdog::{self, STUCK},
    runtime::{
        clock::JumpWatch,
        command::Command,
        event::{Kind, UPDATE},
        extension::Extension,
        shared::Shared,
    },
};

/// `update` comes this often.
pub(crate) const UPDATE_EVERY: Duration = Duration::from_secs(5);

/// Runs until a message comes. Who moves a virtual clock publishes `update` too: how often depends on neither.
pub(crate) fn run(shared: &Arc<Shared>, stop: &mpsc::Receiver<()>) {
    let bus = &shared.services.bus;
    let mut next = Instant::now();
    let mut jumps = JumpWatch::start();
    loop {
        if Instant::now() >= next && !shared.services.clock.is_virtual() {
            jumps.check();
            // Only the latest tick waits, so there is always room.
            let _ = bus.emit(UPDATE, b"{}", Kind::Latest);
        }
        while next <= Instant::now() {
            next += UPDATE_EVERY;
        }
        for extension in bus.extensions() {
            if check_handler(&extension) == Finding::Stuck {
                rollback::rescue(shared, &extension);
            }
            let is_over = |now| {
                let probation = extension.probation()?;
                Some(probation.as_ref()?.is_over(now))
            };
            if is_over(Instant::now()) == Some(true) {
                extension.mailbox.put_command(Command::Confirm);
            }
        }
        let wait = watchdog::LOOK_EVERY.min(next.saturating_duration_since(Instant::now()));
        if stop.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// What a look has found out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Finding {
    /// Nothing new.
    Well,
    /// A handler has just become slow.
    Slow,
    /// A handler has just become stuck.
    Stuck,
}

/// Looks at an extension once.
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
