//! Ends a host after a signal, a drain, or the end of standard input.

use std::time::Duration;

use tig_process::service_manager::service_manager;
use tig_process::signals::{Request, Requests, StopReason};
use tokio::task::JoinSet;
use tracing::info;

use super::config_file::ConfigFile;
use crate::control::Control;
use crate::lifecycle::drain::{Drain, Unfinished};
use crate::store::StoreError;

/// Waits until the host is to end, and serves signals until then: the first SIGTERM or SIGINT drains for at most
/// `drain_max`, the second ends the wait; SIGHUP and a change of the config file, or of a file that
/// it names, apply config and plugin files again.
///
/// # Errors
///
/// The store has failed.
pub(super) async fn requested(
    mut requests: Requests,
    mut config_file: ConfigFile,
    control: &Control,
    drain: &Drain,
    drain_max: Duration,
) -> Result<(), StoreError> {
    let failed = control.store_failure();
    let drained = drain.wait_done();
    tokio::pin!(drained, failed);
    let mut was_asked = false;
    let mut readings = JoinSet::new();
    loop {
        let request = tokio::select! {
            reason = &mut failed => return Err(StoreError::Failed { reason: reason.0 }),
            unfinished = &mut drained => {
                info!("stopping: drained{}", unfinished_text(&unfinished));
                return Ok(());
            }
            request = requests.next() => request,
            what = config_file.changed() => {
                read_again(&mut readings, control, what);
                continue;
            }
            Some(_) = readings.join_next() => {
                // With the last one only: an earlier one may have read the files before the latest request. Also after a fault:
                // the present config goes on.
                if readings.is_empty() {
                    service_manager().ready();
                }
                continue;
            }
        };
        let reason = match request {
            Request::Stop(reason) => reason,
            Request::Reload => {
                read_again(&mut readings, control, "SIGHUP");
                continue;
            }
        };
        if was_asked || reason == StopReason::ParentGone {
            let order = if was_asked { "second " } else { "" };
            info!(
                "stopping: {order}{reason}{}",
                unfinished_text(&drain.unfinished())
            );
            return Ok(());
        }
        was_asked = true;
        let seconds = drain_max.as_secs();
        info!(
            "{reason}: draining for at most {seconds} s{}; once more to stop at once",
            unfinished_text(&drain.unfinished())
        );
        control.drain(Some(drain_max));
    }
}

/// Begins to read config and plugins again. Those that are under way are few: each waits for a bounded time, and has a place among
/// the supervisor's requests or is the one that waits for such a place.
fn read_again(readings: &mut JoinSet<()>, control: &Control, why: &str) {
    info!("{why}: reading config and plugins again");
    service_manager().reloading();
    let control = control.clone();
    readings.spawn(async move { control.reload_config_logged().await });
}

fn unfinished_text(unfinished: &Unfinished) -> String {
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
