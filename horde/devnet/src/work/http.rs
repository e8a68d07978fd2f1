//! The HTTP client of executors.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;

/// Time for a connection to another program.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Attempts at a download or an upload.
pub(super) const ATTEMPTS_COUNT_MAX: u32 = 3;
/// Downloads, and uploads, of a job at the same time.
pub(super) const TRANSFERS_COUNT_MAX: usize = 3;

/// Downloads and uploads at the same time, in all miners: each has an open file, and S3 in the same process another.
const ALL_TRANSFERS_COUNT_MAX: usize = 128;

static ALL_TRANSFERS: Semaphore = Semaphore::const_new(ALL_TRANSFERS_COUNT_MAX);

/// Why a file was not transferred. The texts name no URL, which may have a signature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("there is no HTTP client")]
    Client(#[source] reqwest::Error),
    #[error("the URL, or a header that goes with it, cannot be used")]
    Request(#[source] reqwest::Error),
    #[error("no answer of the other side")]
    Transport(#[source] reqwest::Error),
    #[error("the other side answers with status {}", .0.as_u16())]
    Status(StatusCode),
    #[error("the answer has more bytes than a job may download")]
    Size,
    #[error("the other side took too long")]
    Timeout,
}

impl TransferError {
    /// Whether another attempt may succeed.
    fn can_pass(&self) -> bool {
        !matches!(self, Self::Client(_) | Self::Request(_) | Self::Size)
    }
}

impl From<reqwest::Error> for TransferError {
    fn from(error: reqwest::Error) -> Self {
        let is_request = error.is_builder();
        let error = error.without_url();
        match is_request {
            true => Self::Request(error),
            false => Self::Transport(error),
        }
    }
}

/// The client of all miners. It goes nowhere but where the URL says, and takes bodies as they are.
pub(super) fn client() -> Result<Client, TransferError> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    let built = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(Policy::none())
        // A connection belongs to the runtime of its network, and the client to all networks of the process.
        .pool_max_idle_per_host(0)
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .build();
    let client = built.map_err(TransferError::Client)?;
    Ok(CLIENT.get_or_init(|| client).clone())
}

/// Attempts something up to [`ATTEMPTS_COUNT_MAX`] times, after 1 s and then 2 s.
pub(super) async fn attempt<T, F: Future<Output = Result<T, TransferError>>>(
    mut transfer: impl FnMut() -> F,
) -> Result<T, TransferError> {
    let mut failure_count = 0;
    loop {
        // The semaphore is never closed. A pause holds no permit.
        let permit = ALL_TRANSFERS.acquire().await;
        let ended = transfer().await;
        drop(permit);
        match ended {
            Err(error) if error.can_pass() && failure_count + 1 < ATTEMPTS_COUNT_MAX => {
                failure_count += 1;
                tokio::time::sleep(Duration::from_secs(failure_count.into())).await;
            }
            ended => return ended,
        }
    }
}
