//! A run in a folder of its own, which goes with it, and which a signal ends.

use std::path::Path;

use tig_process::signals::StopFlag;

use crate::{Result, output};

/// Lines of each log that are shown after a failure.
const LOG_LINES: usize = 15;

/// Runs in a new folder. It is removed at the end and at a signal, and kept if `keep` says so or the run fails.
pub(crate) fn run(
    prefix: &str,
    keep: bool,
    run: impl FnOnce(&Path, &StopFlag) -> Result<()>,
) -> Result<()> {
    let stop = StopFlag::listen()?;
    let mut folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
    folder.disable_cleanup(keep);
    let done = run(folder.path(), &stop);
    if let Some(reason) = stop.reason() {
        return Err(format!("stopped by {reason}").into());
    }
    if done.is_err() {
        folder.disable_cleanup(true);
        output::progress(&format!(
            "everything is kept in {}",
            folder.path().display()
        ));
    }
    done
}

/// Shows the last lines of these logs, as far as they are there.
pub(crate) fn show_logs(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name).with_extension("log");
        let Ok(log) = std::fs::read(&path) else {
            continue;
        };
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        output::progress(&format!("--- end of {}", path.display()));
        for line in &lines[lines.len().saturating_sub(LOG_LINES)..] {
            output::progress(line);
        }
    }
}
