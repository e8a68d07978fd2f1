//! The lines of an export.
//!
//! Invariant: any bytes are read back as they were written; a value holds no end of a line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::store::layout::{FIRST, LAYOUT};

/// The owner of the store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Owner {
    /// Version of the tables.
    pub layout: String,
    /// For whom the host works.
    #[serde(flatten)]
    pub identity: BTreeMap<String, String>,
}

/// A line of an export: the owner first, then values and undelivered events.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    Store(Owner),
    Value(ValueLine),
    Event(EventLine),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueLine {
    pub(super) extension: String,
    pub(super) key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventLine {
    pub(super) extension: String,
    pub(super) outbox_id: u64,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) json: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hex: Option<String>,
}

/// What is wrong with a line of an export.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The line is not the JSON of one.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A value has both forms or neither.
    #[error("it needs either `json` or `hex`")]
    Encoding,
    /// The digits of a value cannot be decoded.
    #[error("hex: {0}")]
    Hex(#[from] hex::FromHexError),
    /// The first line does not name the owner of a store of a layout that this host knows.
    #[error("it must name the owner of a store of layout {FIRST} to {LAYOUT}")]
    Owner,
    /// Another line names an owner.
    #[error("a second store begins")]
    SecondOwner,
    /// The export is empty.
    #[error("it is missing")]
    Missing,
}

/// Bytes as JSON if they are JSON on one line, else as hex.
pub(super) fn written(bytes: &[u8]) -> (Option<Box<RawValue>>, Option<String>) {
    let text = std::str::from_utf8(bytes)
        .ok()
        // `RawValue` drops space around the value.
        .filter(|text| !text.contains('\n') && text.trim() == *text);
    let json = text.and_then(|text| RawValue::from_string(text.to_owned()).ok());
    let hex = json.is_none().then(|| hex::encode(bytes));
    (json, hex)
}

pub(super) fn read(json: Option<Box<RawValue>>, hex: Option<String>) -> Result<Vec<u8>, LineError> {
    match (json, hex) {
        (Some(json), None) => Ok(json.get().as_bytes().to_vec()),
        (None, Some(hex)) => Ok(hex::decode(hex)?),
        _ => Err(LineError::Encoding),
    }
}

pub(super) fn write_line(to: &mut impl Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_come_back_as_they_were(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                "[ \n\"0-9.{}\\[\\]:,a-c]{0,20}".prop_map(String::into_bytes),
                Just(b"{\"a\":1.0, \"a\":2}".to_vec()),
            ],
        ) {
            let (json, hex) = written(&bytes);
            let (extension, key) = ("x".to_owned(), "k".to_owned());
            let mut text = Vec::new();
            write_line(&mut text, &Line::Value(ValueLine { extension, key, json, hex })).unwrap();
            prop_assert_eq!(text.iter().filter(|&&byte| byte == b'\n').count(), 1);
            let Line::Value(line) = serde_json::from_slice(&text).unwrap() else { panic!() };
            prop_assert_eq!(read(line.json, line.hex).unwrap(), bytes);
        }
    }
}
