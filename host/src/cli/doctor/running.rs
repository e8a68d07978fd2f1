//! The host that runs with the config, if one does.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Finding, conditions};
use crate::cli::admin::{AdminError, Where};
use crate::control::admin::{AdminFile, FILE_NAME};
use crate::control::report::HostStatus;

/// What is known of a host.
pub(super) struct Running {
    place: Where,
    file: io::Result<AdminFile>,
    mode: Option<u32>,
    status: Option<Result<HostStatus, AdminError>>,
}

impl Running {
    /// Looks for the host whose store is in `folder`, and asks it.
    pub(super) fn find(folder: &Path) -> Self {
        let place = Where {
            config: None,
            backup: Some(folder.to_owned()),
            json: false,
        };
        let file = AdminFile::read(folder);
        let ask = || Ok(HostStatus::deserialize(place.get("/status")?)?);
        let status = file.is_ok().then(ask);
        let metadata = std::fs::metadata(folder.join(FILE_NAME)).ok();
        let mode = metadata.map(|it| it.permissions().mode() & 0o777);
        Self {
            place,
            file,
            mode,
            status,
        }
    }

    fn status(&self) -> Option<&HostStatus> {
        self.status.as_ref()?.as_ref().ok()
    }

    pub(super) fn is_running(&self) -> bool {
        self.status().is_some()
    }

    /// Its process.
    pub(super) fn pid(&self) -> Option<u32> {
        Some(self.status()?.pid)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.status()?.address.parse().ok()
    }

    fn path(&self) -> PathBuf {
        let folder = self.place.backup.clone().unwrap_or_default();
        folder.join(FILE_NAME)
    }

    /// Whether a host runs, and what is wrong with the file by which it is found.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let part = "host";
        let path = self.path();
        let mut findings = Vec::new();
        let restart = "restart the host; the file is written again at its start";
        findings.push(match (&self.file, &self.status) {
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => {
                Finding::ok(part, "no host runs with this config")
            }
            (Err(error), _) => {
                let text = format!("{} cannot be used: {error}", path.display());
                Finding::warn("admin file", text, restart)
            }
            (Ok(_), Some(Ok(status))) => {
                let text = format!(
                    "tig-host {} runs on {} (process {})",
                    status.version, status.address, status.pid
                );
                Finding::ok(part, text)
            }
            (Ok(file), failed) => without_answer(file, failed.as_ref(), &path),
        });
        if let Some(mode) = self.mode.filter(|mode| mode & 0o077 != 0) {
            let text = format!(
                "{} can be read by others than its owner (mode {mode:o})",
                path.display()
            );
            let remedy = format!(
                "`chmod 600 {}`, and restart the host: its token may be known",
                path.display()
            );
            findings.push(Finding::fail("admin file", text, remedy));
        }
        if self.status().is_some_and(|status| status.draining) {
            let remedy = "start it again when it has ended";
            findings.push(Finding::warn(
                part,
                "drains: it begins no new work and will end",
                remedy,
            ));
        }
        findings
    }

    /// What the running host reports of itself and its extensions.
    pub(super) fn conditions(&self) -> Vec<Finding> {
        let Some(status) = self.status() else {
            return Vec::new();
        };
        let mut findings = conditions::of_extensions(&status.extensions);
        findings.extend(conditions::of_reports(&status.conditions));
        findings
    }
}

/// A file is there, and nobody answers at its address.
fn without_answer(
    file: &AdminFile,
    failed: Option<&Result<HostStatus, AdminError>>,
    path: &Path,
) -> Finding {
    let pid = file.pid;
    let is_alive = Path::new("/proc").join(pid.to_string()).exists();
    let reason = match failed {
        Some(Err(error)) => tig_process::error_chain::error_chain(error),
        _ => "no answer".to_owned(),
    };
    if is_alive {
        let text = format!(
            "process {pid} is named by {} and does not answer: {reason}",
            path.display()
        );
        let remedy = format!(
            "look whether process {pid} is a tig-host; if it is, end it (`kill {pid}`) and start it again"
        );
        return Finding::fail("host", text, remedy);
    }
    let text = format!(
        "{} is left over from process {pid}, which was killed",
        path.display()
    );
    Finding::warn(
        "admin file",
        text,
        "nothing: the next start replaces it; find out what killed the host",
    )
}
