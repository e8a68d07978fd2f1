//! Tries a candidate in a child process: a damaged library can kill whoever maps it.

use std::{
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use super::{PROBE_MAX, PluginError};
use crate::exit_code;

/// Longest text that is taken from the child.
const TEXT_BYTES_MAX: u64 = 4096;

/// What the child has found.
pub(super) enum Found {
    /// All that it was to try works.
    Sound,
    /// The file can be loaded, but `new` refuses the settings.
    Refused(String),
}

/// Runs `program probe copy`; `original` is the operator's file, for the error. With `settings` (JSON), the child makes an
/// instance too.
pub(super) fn run(
    program: &Path,
    copy: &Path,
    original: &Path,
    settings: Option<&[u8]>,
) -> Result<Found, PluginError> {
    let system = |source| PluginError::File {
        what: "start a child process to try",
        path: original.to_owned(),
        source,
    };
    let refused = |reason| PluginError::Probe {
        path: original.to_owned(),
        reason,
    };
    let mut child = Command::new(program)
        .arg("probe")
        .args(settings.map(|_| "--new"))
        .arg(copy)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(system)?;
    if let (Some(mut stdin), Some(settings)) = (child.stdin.take(), settings) {
        // A child that has died says so below.
        let _ = stdin.write_all(settings);
    }
    let Some(status) = wait(&mut child).map_err(system)? else {
        return Err(refused(format!(
            "loading it takes more than {} s",
            PROBE_MAX.as_secs()
        )));
    };
    if status.success() {
        return Ok(Found::Sound);
    }
    let text = last_words(&mut child);
    if status.code() == Some(exit_code::CONFIG.into()) {
        return Ok(Found::Refused(text));
    }
    Err(refused(match status.signal() {
        Some(signal) => {
            format!("loading it kills the process (signal {signal}); build or copy it anew")
        }
        None if text.is_empty() => format!("loading it ends the process ({status})"),
        None => text,
    }))
}

/// The child's status, or `None` if it had to be ended.
fn wait(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    const POLL: Duration = Duration::from_millis(1);
    let deadline = Instant::now() + PROBE_MAX;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn last_words(child: &mut Child) -> String {
    let mut bytes = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // What cannot be read is only missing from the explanation.
        let _ = stderr.take(TEXT_BYTES_MAX).read_to_end(&mut bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim()
        .strip_prefix("error: ")
        .unwrap_or(text.trim())
        .replace('\n', " ")
}
