//! Decodes the bytes of a result block: a zlib stream of a JSON object (tig-protocol.md section 22.1).
//!
//! A stream that lacks its checksum is not an answer; the original worker lets it pass.

use std::io::Read;

use flate2::read::ZlibDecoder;
use tig_protocol::Solution;

/// Bytes of the inflated JSON text: stops a small stream from filling the memory of the host.
pub(crate) const SOLUTION_BYTES_MAX: u64 = 16 << 20;

/// Why result bytes are no solution.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadAnswer {
    #[error("result is not a zlib stream: {0}")]
    Inflate(#[source] std::io::Error),
    #[error("result inflates to more than {SOLUTION_BYTES_MAX} bytes")]
    TooLarge,
    #[error("result is not a JSON object: {0}")]
    Json(#[source] serde_json::Error),
}

/// The solution in a result block. No bytes, or an empty object, mean that there is none.
pub(crate) fn decode(bytes: &[u8]) -> Result<Option<Solution>, BadAnswer> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut text = Vec::new();
    // One byte more than allowed distinguishes a text that is too long from one that just fits.
    let mut inflated = ZlibDecoder::new(bytes).take(SOLUTION_BYTES_MAX + 1);
    inflated
        .read_to_end(&mut text)
        .map_err(BadAnswer::Inflate)?;
    if text.len() as u64 > SOLUTION_BYTES_MAX {
        return Err(BadAnswer::TooLarge);
    }
    let solution: Solution = serde_json::from_slice(&text).map_err(BadAnswer::Json)?;
    Ok(Some(solution).filter(|solution| !solution.is_empty()))
}
