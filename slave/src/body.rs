//! Reading a response body within a bound, whatever length it announces.

use reqwest::Response;

/// A body that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body is longer than {bytes_max} bytes once decoded")]
    TooLong { bytes_max: usize },
    #[error("the body broke off")]
    Broken(#[source] reqwest::Error),
}

/// The whole body, at most `bytes_max` bytes.
pub(crate) async fn read_body(
    mut response: Response,
    bytes_max: usize,
) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if chunk.len() > bytes_max - body.len() {
            return Err(BodyError::TooLong { bytes_max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
