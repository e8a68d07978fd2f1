//! `tig-host store export`: the whole store as lines of JSON, of a stopped host or of a running one.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use reqwest::Client;
use tempfile::{NamedTempFile, PersistError};
use tig_process::progress::{Counted, Progress};

use super::admin::{AdminError, Where};
use super::output;
use crate::control::admin::AdminFile;
use crate::control::export::{COUNT_HEADER, PATH};
use crate::control::report::FailureReport;
use crate::error::HostError;
use crate::store::{Archive, ArchiveError, StoreError};

/// Why there is no export.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error(transparent)]
    Admin(#[from] AdminError),
}

/// Writes everything to `file`, which must not exist and is there as a whole or not at all, or to standard output.
pub(super) fn export(
    place: &Where,
    folder: &Path,
    file: Option<&Path>,
) -> Result<ExitCode, HostError> {
    let done = match Archive::open(folder) {
        Ok(archive) => write(file, |to| export_archive(&archive, to)),
        Err(ArchiveError::Store(StoreError::InUse { .. })) => place
            .admin_file()
            .map_err(ExportError::from)
            .and_then(|admin| write(file, |to| fetch(&admin, to))),
        Err(error) => Err(HostError::from(error).into()),
    };
    match done {
        Ok(()) => Ok(ExitCode::SUCCESS),
        // `main` decides whether a closed output is a failure.
        Err(_) if output::is_closed() => Ok(ExitCode::SUCCESS),
        Err(ExportError::Host(error)) => Err(error),
        Err(ExportError::Admin(error)) => Ok(error.report()),
    }
}

fn write(
    path: Option<&Path>,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let Some(path) = path else {
        return fill(&mut BufWriter::new(output::writer()));
    };
    let failed = HostError::system("write the export's file");
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()).into());
    }
    // Its owner's only: values may be secret.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(&failed)?;
    let mut to = BufWriter::new(file);
    fill(&mut to)?;
    let file = to
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.as_file().sync_all().map_err(&failed)?;
    let kept = file.persist_noclobber(path);
    kept.map_err(|PersistError { error, .. }| failed(error))?;
    Ok(())
}

fn export_archive(archive: &Archive, to: &mut dyn Write) -> Result<(), ExportError> {
    let count = archive.count().map_err(HostError::from)?;
    let done = archive.export(&mut counted(to, Some(count)));
    Ok(done.map_err(HostError::from)?)
}

/// Fetches the store of a running host by its admin socket.
fn fetch(file: &AdminFile, to: &mut dyn Write) -> Result<(), ExportError> {
    let pid = file.pid;
    let unreachable = |source| AdminError::Unreachable { pid, source };
    let failed = |error| ExportError::from(HostError::system("write the export")(error));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(AdminError::System)?;
    runtime.block_on(async {
        // No time limit: a large store takes long. On loopback, the end of the host ends the connection.
        let client = Client::builder().no_proxy().build().map_err(unreachable)?;
        let request = client
            .get(format!("http://{}{PATH}", file.address))
            .bearer_auth(file.token.reveal());
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        if !status.is_success() {
            let failure: FailureReport = response.json().await.map_err(unreachable)?;
            return Err(AdminError::from_failure(status, failure).into());
        }
        let count = response.headers().get(COUNT_HEADER);
        let count = count.and_then(|count| count.to_str().ok()?.parse().ok());
        let mut to = counted(to, count);
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            to.write_all(&chunk).map_err(failed)?;
        }
        to.flush().map_err(failed)
    })
}

fn counted(to: &mut dyn Write, count: Option<u64>) -> Counted<&mut dyn Write> {
    Counted::new(to, Progress::new("exporting", "values and events", count))
}
