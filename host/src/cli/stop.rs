//! When a host ends: signals, a drain that is done, the end of standard input.

use std::{io::Read, time::Duration};

use tig_host::{
    control::Control,
    error::HostError,
    lifecycle::drain::{Drain, Unfinished},
    store::StoreError,
};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

use super::config_file::ConfigFile;

/// The signals that a host knows.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, HostError> {
        let of = |kind| signal(kind).map_err(HostError::system("wait for signals"));
        Ok(Self {
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
            hang_up: of(SignalKind::hangup())?,
        })
    }
}

/// Waits until the host is to end, and does what signals ask for until then: the first SIGTERM or SIGINT drains for at most
/// `drain_max`, the second ends the wait, SIGHUP and a change of the config file read config and plugins again.
///
/// # Errors
///
/// The store has failed.
pub(super) async fn requested(
    mut signals: Signals,
    mut config_file: ConfigFile,
    control: &Control,
    drain: &Drain,
    drain_max: Duration,
    exit_with_parent: bool,
) -> Result<(), StoreError> {
    let failed = control.store_failure();
    let drained = drain.done();
    let parent = end_of_input(exit_with_parent);
    tokio::pin!(drained, failed, parent);
    let mut was_asked = false;
    loop {
        let name = tokio::select! {
            reason = &mut failed => return Err(StoreError::Failed { reason }),
            unfinished = &mut drained => {
                info!("stopping: drained{}", told(&unfinished));
                return Ok(());
            }
            () = &mut parent => {
                info!("stopping: standard input has ended");
                return Ok(());
            }
            _ = signals.terminate.recv() => "SIGTERM",
            _ = signals.interrupt.recv() => "SIGINT",
            _ = signals.hang_up.recv() => {
                read_again(control, "SIGHUP");
                continue;
            }
            () = config_file.changed() => {
                read_again(control, "the config file has changed");
                continue;
            }
        };
        if was_asked {
            info!("stopping: second {name}{}", told(&drain.unfinished()));
            return Ok(());
        }
        was_asked = true;
        let seconds = drain_max.as_secs();
        info!(
            "{name}: draining for at most {seconds} s{}; once more to stop at once",
            told(&drain.unfinished())
        );
        control.drain(Some(drain_max));
    }
}

fn read_again(control: &Control, why: &str) {
    info!("{why}: reading config and plugins again");
    let control = control.clone();
    tokio::task::spawn_blocking(move || control.reload_config_logged());
}

fn told(unfinished: &Unfinished) -> String {
    let counts: Vec<String> = unfinished
        .iter()
        .map(|(name, count)| format!("{name} has {count} unfinished"))
        .collect();
    if counts.is_empty() {
        String::new()
    } else {
        format!(" ({})", counts.join(", "))
    }
}

async fn end_of_input(matters: bool) {
    if !matters {
        return std::future::pending().await;
    }
    // A dedicated thread: a pending read of standard input cannot be cancelled.
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        let mut stdin = std::io::stdin().lock();
        while stdin.read(&mut buffer).is_ok_and(|count| count > 0) {}
        let _ = sender.send(());
    });
    let _ = receiver.await;
}
