//! `tig-host drain`: lets a running host finish its work and end.

use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde::Deserialize;
use serde_json::json;
use tig_process::progress::StatusLine;

use super::admin::{AdminError, Where};
use super::output;
use crate::control::admin::AdminFile;
use crate::control::report::{DrainRequest, HostStatus};

/// Time between two looks at the host.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Time for the process to end, once its admin socket is closed.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// Asks the host to drain; with `wait`, shows what is left until its process has ended.
pub(super) fn drain(
    place: &Where,
    seconds_max: Option<u64>,
    wait: bool,
) -> Result<ExitCode, AdminError> {
    let file = place.admin_file()?;
    let reply = place.post("/drain", &json!(DrainRequest { seconds_max }))?;
    if wait {
        wait_for_end(place, &file, &HostStatus::deserialize(&reply)?)?;
        return place.show(&json!({ "ended": true }), |_: &serde_json::Value| {
            output::line("the host has ended");
        });
    }
    place.show(&reply, |status: &HostStatus| output::line(&left(status)))
}

/// What is left to be done.
fn left(status: &HostStatus) -> String {
    let extensions = status.extensions.iter();
    let waits: Vec<String> = extensions
        .filter(|extension| extension.unfinished > 0)
        .map(|extension| format!("{} has {} unfinished", extension.name, extension.unfinished))
        .collect();
    if waits.is_empty() {
        "draining".to_owned()
    } else {
        format!("draining: {}", waits.join(", "))
    }
}

/// Returns when the host's process is gone, and its store is free.
///
/// # Errors
///
/// The host does not answer, and has not closed its admin socket in good order either.
fn wait_for_end(place: &Where, file: &AdminFile, first: &HostStatus) -> Result<(), AdminError> {
    let mut line = StatusLine::new(Duration::ZERO);
    line.show(&left(first));
    loop {
        match place.get("/status") {
            Ok(reply) => line.show(&left(&HostStatus::deserialize(&reply)?)),
            // The file goes first, then the process.
            Err(AdminError::NotRunning { .. }) => break,
            Err(AdminError::Unreachable { .. }) if place.admin_file().is_err() => break,
            Err(error) => return Err(error),
        }
        thread::sleep(LOOK_INTERVAL);
    }
    line.show("draining: the process ends");
    let deadline = Instant::now() + END_TIMEOUT;
    while is_running(file.pid) {
        if Instant::now() >= deadline {
            return Err(AdminError::StillRunning { pid: file.pid });
        }
        thread::sleep(LOOK_INTERVAL);
    }
    Ok(())
}

/// Whether the process has not ended; one that only its parent has not waited for has.
fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before may hold anything.
    let state = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.trim().chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_runs_until_it_has_ended() {
        assert!(is_running(std::process::id()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let deadline = Instant::now() + END_TIMEOUT;
        // Nobody has waited for it yet.
        while is_running(child.id()) {
            assert!(Instant::now() < deadline);
            thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!is_running(child.id()));
    }
}
