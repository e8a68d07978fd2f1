//! Receipts as lines of JSON, in pages that only grow.

use super::Receipt;
use crate::error::FieldError;
use crate::json::{FromJson, parse_value};

/// Seconds of receipts in one page.
pub const PAGE_SECONDS: u64 = 300;

/// The number of the page that grows at this time, in seconds since 1970.
pub const fn page_number(unix_seconds: u64) -> u64 {
    unix_seconds / PAGE_SECONDS
}

/// The path of a page at a miner.
pub fn page_path(number: u64) -> String {
    format!("/receipts/{number}.jsonl")
}

/// Why a line is not a receipt.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is not UTF-8.
    #[error("line {line} is not UTF-8")]
    Utf8 {
        /// Counted from 1 in what was read.
        line: u64,
        /// The place of the first other byte.
        #[source]
        source: std::str::Utf8Error,
    },
    /// The line is not JSON, nests too deep, or holds too many values.
    #[error("line {line} cannot be read as JSON")]
    Json {
        /// Counted from 1 in what was read.
        line: u64,
        /// The fault of the JSON.
        #[source]
        source: serde_json::Error,
    },
    /// The line is JSON, but not a receipt.
    #[error("line {line} is not a receipt")]
    Field {
        /// Counted from 1 in what was read.
        line: u64,
        /// The field and what is wrong with it.
        #[source]
        source: FieldError,
    },
}

/// Part of a page, from the beginning of a line.
#[derive(Debug)]
pub struct Page {
    /// The complete lines: receipts, and what is wrong with the others. Empty lines are left out.
    pub rows: Vec<Result<Receipt, LineError>>,
    /// Bytes of the complete lines. The rest is a line that is still being written, to be read again from here.
    pub complete_bytes: usize,
}

/// Reads the complete lines of a page, or of what was added to it.
pub fn read_page(bytes: &[u8]) -> Page {
    let complete_bytes = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |last| last + 1);
    let lines = bytes[..complete_bytes].split(|byte| *byte == b'\n');
    let lines = lines.map(<[u8]>::trim_ascii).zip(1..);
    let lines = lines.filter(|(bytes, _)| !bytes.is_empty());
    Page {
        rows: lines.map(|(bytes, line)| read_line(bytes, line)).collect(),
        complete_bytes,
    }
}

fn read_line(bytes: &[u8], line: u64) -> Result<Receipt, LineError> {
    let text = std::str::from_utf8(bytes).map_err(|source| LineError::Utf8 { line, source })?;
    let value = parse_value(text).map_err(|source| LineError::Json { line, source })?;
    Receipt::from_json(value).map_err(|source| LineError::Field { line, source })
}

/// The receipts as lines, each with its line end.
pub fn write_lines<'a>(receipts: impl IntoIterator<Item = &'a Receipt>) -> String {
    let lines = receipts.into_iter();
    lines.map(|receipt| receipt.to_text() + "\n").collect()
}
