//! The store of the running host as lines of JSON, sent while the host works.
//!
//! Invariants: the lines show one moment; one export runs at a time, and one that is not read ends, since the file keeps what
//! it shows and grows meanwhile.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use tig_process::error_chain::error_chain;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::warn;

use super::Control;
use super::operator::failure;
use crate::store::{Archive, ArchiveError};

/// Path on the admin socket.
pub(crate) const PATH: &str = "/store";

/// Header of the reply: number of values and events.
pub(crate) const COUNT_HEADER: &str = "x-count";

/// Bytes that are sent at a time; one more line may follow.
const CHUNK_BYTES: usize = 64 << 10;

/// Chunks that wait for the reader.
const CHUNKS_COUNT_MAX: usize = 4;

/// A reader that takes nothing for so long has gone away.
const READER_TIMEOUT: Duration = Duration::from_secs(60);

type Chunk = io::Result<Bytes>;

#[derive(Clone)]
struct Exports {
    control: Control,
    running: Arc<Semaphore>,
}

/// The route of the export.
pub(super) fn route(control: Control) -> Router {
    let running = Arc::new(Semaphore::new(1));
    let exports = Exports { control, running };
    Router::new().route(PATH, get(export)).with_state(exports)
}

async fn export(State(exports): State<Exports>) -> Response {
    let Ok(permit) = exports.running.try_acquire_owned() else {
        let text = "another export of the store is running; wait for its end";
        return failure(StatusCode::CONFLICT, text);
    };
    let opened = exports.control.archive().map_err(ArchiveError::from);
    let opened = opened.and_then(|archive| Ok((archive.count()?, archive)));
    let (count, archive) = match opened {
        Ok(opened) => opened,
        Err(error) => return failure(StatusCode::INTERNAL_SERVER_ERROR, &error_chain(&error)),
    };
    let (sender, chunks) = mpsc::channel(CHUNKS_COUNT_MAX);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || send(&archive, sender, runtime, permit));
    let chunks = stream::unfold(chunks, async |mut chunks| {
        Some((chunks.recv().await?, chunks))
    });
    let head = [
        (CONTENT_TYPE.as_str(), "application/x-ndjson".to_owned()),
        (COUNT_HEADER, count.to_string()),
    ];
    (head, Body::from_stream(chunks)).into_response()
}

/// Sends all lines; a failure breaks the reply off, so that its reader does not take a part for the whole.
fn send(
    archive: &Archive,
    sender: mpsc::Sender<Chunk>,
    runtime: Handle,
    _permit: OwnedSemaphorePermit,
) {
    let mut chunks = Chunks {
        sender,
        runtime,
        waiting: Vec::new(),
    };
    if let Err(error) = archive.export(&mut chunks) {
        let error = error_chain(&error);
        warn!("an export of the store has ended early: {error}");
        // Fails if nobody reads any more.
        let _ = chunks.send(Err(io::Error::other(error)));
    }
}

struct Chunks {
    sender: mpsc::Sender<Chunk>,
    runtime: Handle,
    waiting: Vec<u8>,
}

impl Chunks {
    fn send(&self, chunk: Chunk) -> io::Result<()> {
        let sent = self.sender.send(chunk);
        let sent = tokio::time::timeout(READER_TIMEOUT, sent);
        match self.runtime.block_on(sent) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let chunk = std::mem::take(&mut self.waiting);
        if chunk.is_empty() {
            return Ok(());
        }
        self.send(Ok(chunk.into()))
    }
}
