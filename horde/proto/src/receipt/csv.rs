//! Receipts as a CSV file, as miners serve it (section 2.5).
//!
//! The file has one column per field of any receipt, in no particular order; cells are empty where a receipt does not have the
//! field. Unknown columns are ignored. Booleans are `True` and `False`, and times have a space in place of the `T`.

use std::io;

use csv::{ByteRecord, ByteRecordsIntoIter, ReaderBuilder, Terminator, WriterBuilder};
use serde_json::{Map, Value};

use super::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload, Receipt,
    ReceiptPayload,
};
use crate::error::{FieldError, Reason, quote};
use crate::json::ToJson;
use crate::json::object::{Listed, Tagged};
use crate::time::Timestamp;

/// The path of the file at a miner.
pub const CSV_PATH: &str = "/receipts/receipts.csv";

const TYPE: &str = "type";
const VALIDATOR_SIGNATURE: &str = "validator_signature";
const MINER_SIGNATURE: &str = "miner_signature";

/// The columns in the order in which they are written.
const COLUMNS: [&str; 16] = [
    TYPE,
    VALIDATOR_SIGNATURE,
    MINER_SIGNATURE,
    "executor_class",
    "is_organic",
    "job_uuid",
    "max_timeout",
    "miner_hotkey",
    "receipt_type",
    "score_str",
    "time_accepted",
    "time_started",
    "time_took_us",
    "timestamp",
    "ttl",
    "validator_hotkey",
];
const INTEGER_COLUMNS: [&str; 3] = ["max_timeout", "time_took_us", "ttl"];
const BOOLEAN_COLUMN: &str = "is_organic";
const TIME_COLUMNS: [&str; 3] = ["time_accepted", "time_started", "timestamp"];

/// The header row lacks a column that every receipt needs: the file is not one of receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header row has no column `{column}`, so this is not a file of receipts")]
pub struct HeaderError {
    /// The column.
    pub column: &'static str,
}

/// Why a row is not a receipt.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The row has more or fewer cells than the header.
    #[error("line {line} is not a row of this file")]
    Shape {
        /// Counted from 1, the header being line 1.
        line: u64,
        /// The number of cells.
        #[source]
        source: csv::Error,
    },
    /// A cell is not what its column must have.
    #[error("line {line} is not a receipt")]
    Field {
        /// Counted from 1, the header being line 1.
        line: u64,
        /// The column and what is wrong with the cell.
        #[source]
        source: FieldError,
    },
}

/// The rows of a file: receipts, and the faults of the others.
pub struct Rows<'a> {
    header: ByteRecord,
    records: ByteRecordsIntoIter<&'a [u8]>,
    lines: Lines<'a>,
}

/// Reads a file, row by row.
///
/// # Errors
///
/// [`HeaderError`] if the header row is not that of a file of receipts.
pub fn read_rows(bytes: &[u8]) -> Result<Rows<'_>, HeaderError> {
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    // A header that cannot be read has no columns.
    let header = reader.byte_headers().cloned().unwrap_or_default();
    for column in [TYPE, VALIDATOR_SIGNATURE, MINER_SIGNATURE] {
        if !header.iter().any(|name| name == column.as_bytes()) {
            return Err(HeaderError { column });
        }
    }
    Ok(Rows {
        header,
        records: reader.into_byte_records(),
        lines: Lines {
            rest: bytes,
            passed: 0,
            line: 1,
        },
    })
}

impl Iterator for Rows<'_> {
    type Item = Result<Receipt, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.records.reader().position().byte();
        let record = self.records.next()?;
        let line = self.lines.at(begin);
        let row = record
            .map_err(|source| RowError::Shape { line, source })
            .and_then(|record| {
                let cells = Cells {
                    header: &self.header,
                    record: &record,
                };
                cells
                    .to_receipt()
                    .map_err(|source| RowError::Field { line, source })
            });
        Some(row)
    }
}

/// Counts the lines of a file, since the reader of rows counts the two characters of a line end apart.
struct Lines<'a> {
    rest: &'a [u8],
    passed: u64,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that begins at the byte `begin` or, with what is left of a line end, behind it.
    fn at(&mut self, begin: u64) -> u64 {
        while let [first, rest @ ..] = self.rest
            && (self.passed < begin || matches!(first, b'\r' | b'\n'))
        {
            self.line += u64::from(*first == b'\n');
            self.passed += 1;
            self.rest = rest;
        }
        self.line
    }
}

/// One row.
struct Cells<'a> {
    header: &'a ByteRecord,
    record: &'a ByteRecord,
}

impl Cells<'_> {
    fn to_receipt(&self) -> Result<Receipt, FieldError> {
        let kind = self.text(TYPE)?.unwrap_or_default();
        let mut payload = Map::new();
        for field in payload_fields(kind)? {
            // The column `type` says the same.
            let is_unused = |cell: &&str| cell.is_empty() && *field == "receipt_type";
            if let Some(cell) = self.text(field)?.filter(|cell| !is_unused(cell)) {
                let value = read_cell(field, cell).map_err(|fault| fault.within(field))?;
                payload.insert((*field).to_owned(), value);
            }
        }
        Ok(Receipt {
            payload: ReceiptPayload::from_object(kind, payload)?,
            validator_signature: self
                .text(VALIDATOR_SIGNATURE)?
                .unwrap_or_default()
                .to_owned(),
            miner_signature: self.text(MINER_SIGNATURE)?.unwrap_or_default().to_owned(),
        })
    }

    /// The cell of a column, if the file has the column.
    fn text(&self, column: &str) -> Result<Option<&str>, FieldError> {
        let mut columns = self.header.iter();
        let Some(at) = columns.position(|name| name == column.as_bytes()) else {
            return Ok(None);
        };
        let bytes = self.record.get(at).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| {
            FieldError::of(
                column,
                Reason::Type {
                    expected: "UTF-8 text",
                    found: "other bytes",
                },
            )
        })?;
        Ok(Some(text))
    }
}

/// The columns of one kind of receipts.
fn payload_fields(kind: &str) -> Result<&'static [&'static str], FieldError> {
    match kind {
        JobStartedReceiptPayload::TAG => Ok(JobStartedReceiptPayload::FIELDS),
        JobAcceptedReceiptPayload::TAG => Ok(JobAcceptedReceiptPayload::FIELDS),
        JobFinishedReceiptPayload::TAG => Ok(JobFinishedReceiptPayload::FIELDS),
        other => Err(FieldError::of(
            TYPE,
            Reason::NotListed {
                found: quote(other),
                expected: ReceiptPayload::TAGS,
            },
        )),
    }
}

/// The cell as the JSON value that the payload's schema asks for.
fn read_cell(column: &str, cell: &str) -> Result<Value, FieldError> {
    let wrong = |expected| {
        FieldError::new(Reason::Type {
            expected,
            found: "another text",
        })
    };
    if INTEGER_COLUMNS.contains(&column) {
        let number: i64 = cell.parse().map_err(|_| wrong("an integer"))?;
        Ok(Value::from(number))
    } else if column == BOOLEAN_COLUMN {
        match cell {
            "True" | "true" => Ok(Value::Bool(true)),
            "False" | "false" => Ok(Value::Bool(false)),
            _ => Err(wrong("`True` or `False`")),
        }
    } else {
        Ok(Value::from(cell))
    }
}

fn write_cell(column: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) if TIME_COLUMNS.contains(&column) => text
            .parse()
            .map_or_else(|_| text.clone(), Timestamp::to_csv_text),
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Writes a file.
///
/// # Errors
///
/// [`csv::Error`] if `out` cannot be written to.
pub fn write_rows<'a>(
    out: impl io::Write,
    receipts: impl IntoIterator<Item = &'a Receipt>,
) -> Result<(), csv::Error> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(out);
    writer.write_record(COLUMNS)?;
    for receipt in receipts {
        let payload = receipt.payload.to_json();
        writer.write_record(COLUMNS.map(|column| match column {
            TYPE => receipt.payload.tag().to_owned(),
            VALIDATOR_SIGNATURE => receipt.validator_signature.clone(),
            MINER_SIGNATURE => receipt.miner_signature.clone(),
            column => write_cell(column, &payload[column]),
        }))?;
    }
    writer.flush()?;
    Ok(())
}
