//! Uploads of the files that a job leaves (section 2.1).

mod form;
mod request;

use std::io::Write as _;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use horde_proto::OutputUpload;
use zip::result::ZipError;

use super::http::{TRANSFERS_COUNT_MAX, TransferError, attempt, client};
use super::output::Output;
use request::UploadRequest;

/// Time for each attempt at an upload.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// Why the files of a job are not uploaded. The texts go to the validator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("the job has left no file {path:?} in /output/ to upload")]
    Missing { path: String },
    #[error("the name {name:?} of a form's field cannot be sent")]
    Field { name: String },
    #[error("the files cannot be put into a zip file")]
    Zip(#[source] ZipError),
    #[error("{what} cannot be uploaded")]
    Transfer {
        /// The file below `/output/`, or `output.zip`.
        what: String,
        #[source]
        source: TransferError,
    },
    #[error("nothing was uploaded")]
    Thread(#[source] tokio::task::JoinError),
}

/// Sends the files of a job to where they are to be.
pub(super) async fn upload(upload: OutputUpload, output: Output) -> Result<(), UploadError> {
    let requests = tokio::task::spawn_blocking(move || UploadRequest::list(&upload, &output));
    let requests = requests.await.map_err(UploadError::Thread)??;
    let uploads = futures_util::stream::iter(requests).map(send);
    let uploads = uploads.buffer_unordered(TRANSFERS_COUNT_MAX);
    uploads.try_collect().await
}

async fn send(request: UploadRequest) -> Result<(), UploadError> {
    let sent = attempt(|| async {
        let sent = tokio::time::timeout(UPLOAD_TIMEOUT, send_once(&request)).await;
        sent.unwrap_or(Err(TransferError::Timeout))
    });
    sent.await.map_err(|source| UploadError::Transfer {
        what: request.what,
        source,
    })
}

async fn send_once(request: &UploadRequest) -> Result<(), TransferError> {
    let sent = client()?
        .request(request.method.clone(), &request.url)
        .body(request.body.clone());
    let headers = request.headers.iter();
    let sent = headers.fold(sent, |sent, (name, value)| sent.header(name, value));
    let status = sent.send().await?.status();
    match status.is_success() {
        true => Ok(()),
        false => Err(TransferError::Status(status)),
    }
}

/// All these files as a zip file.
fn zip_files<'a>(
    files: impl Iterator<Item = (&'a str, &'a axum::body::Bytes)>,
) -> Result<Vec<u8>, ZipError> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, contents) in files {
        archive.start_file(path, zip::write::SimpleFileOptions::DEFAULT)?;
        archive.write_all(contents)?;
    }
    Ok(archive.finish()?.into_inner())
}
