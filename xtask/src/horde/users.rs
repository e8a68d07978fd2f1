//! Users at the facilitator's REST.

use serde_json::Value;
use tig_system_tests::{Answer, HttpError, request};

use crate::Result;

/// Headers of users, with the stand-in's token.
const HEADERS: [(&str, &str); 2] = [
    ("Authorization", "Token devnet"),
    ("Content-Type", "application/json"),
];

/// Orders a job of an image.
pub(super) fn order(address: &str, body: &Value) -> Result<Answer, HttpError> {
    let body = body.to_string();
    let path = "/api/v1/job-docker/";
    request(address, "POST", path, &HEADERS, body.as_bytes())
}

/// The newest jobs, with what became of them.
pub(super) fn jobs(address: &str) -> Result<Vec<Value>> {
    let path = "/api/v1/jobs/?page_size=100";
    let page: Value = request(address, "GET", path, &HEADERS, &[])?.json()?;
    Ok(page["results"].as_array().cloned().unwrap_or_default())
}
