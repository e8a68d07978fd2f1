//! What slaves send.

use serde::Deserialize;
use tig_bench_report::http;

/// What is read of a batch.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Work {
    pub(crate) benchmark_id: String,
    pub(crate) start_nonce: u64,
    pub(crate) num_nonces: u64,
    pub(crate) batch_size: u64,
    pub(crate) sampled_nonces: Vec<u64>,
}

/// A poll of `slave`.
pub(crate) fn get_batch(slave: &str, query: &str) -> Vec<u8> {
    format!(
        "GET /get-batch{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {slave}\r\nAccept: */*\r\n\r\n"
    )
    .into_bytes()
}

pub(crate) fn post(slave: &str, path: &str, body: &str) -> Vec<u8> {
    http::post(&format!("User-Agent: {slave}"), path, body)
}
