//! Structured data with a raw body at the boundary: the length of a JSON head (u32, little-endian), the head, the body.
//! Bodies of several megabytes are neither escaped nor parsed.

mod host_call;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::host_call::{
    BadHostCall, EventKind, HostAnswer, HostCall, LogLevel, MetricKind, answer_call,
};
use crate::{Result, Ticket, bail};

/// What goes before the arguments of a command ([`crate::abi::question::COMMAND`]).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandHead {
    /// Of the call.
    pub ticket: Ticket,
    /// Name of the command.
    pub command: String,
}

/// Bytes of the length in front of a part.
const LENGTH_BYTES: usize = 4;

/// Room for a usual head with its length; a longer one makes its own.
const HEAD_BYTES: usize = 512;

/// Joins `head` as JSON and `body`.
///
/// # Errors
///
/// `head` has no JSON form or is longer than `u32::MAX` bytes.
pub fn encode<T: Serialize>(head: &T, body: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
    bytes.extend_from_slice(&[0; LENGTH_BYTES]);
    serde_json::to_writer(&mut bytes, head)?;
    let length = u32::try_from(bytes.len() - LENGTH_BYTES)?;
    bytes[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(body);
    Ok(bytes)
}

/// Splits what [`encode`] joined.
///
/// # Errors
///
/// The bytes are too short or the head is not the JSON of a `T`.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8])> {
    let (head, body) = take_part(bytes)?;
    Ok((serde_json::from_slice(head)?, body))
}

/// The answer to a read of the storage: empty if there is no value, else a byte `1` and the value.
#[must_use]
pub fn encode_value(value: Option<&[u8]>) -> Vec<u8> {
    value.map_or(Vec::new(), |value| [&[1], value].concat())
}

/// Writes keys and values, each with its length in front.
///
/// # Errors
///
/// A key or value is longer than `u32::MAX` bytes.
pub fn encode_entries<'a>(entries: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for (key, value) in entries {
        push_part(&mut bytes, key.as_bytes())?;
        push_part(&mut bytes, value)?;
    }
    Ok(bytes)
}

/// Reads what [`encode_entries`] wrote.
///
/// # Errors
///
/// The bytes end within an entry or a key is not UTF-8.
pub fn decode_entries(mut bytes: &[u8]) -> Result<Vec<(String, &[u8])>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (key, rest) = take_part(bytes)?;
        let (value, rest) = take_part(rest)?;
        entries.push((std::str::from_utf8(key)?.to_owned(), value));
        bytes = rest;
    }
    Ok(entries)
}

fn push_part(bytes: &mut Vec<u8>, part: &[u8]) -> Result<()> {
    bytes.extend_from_slice(&u32::try_from(part.len())?.to_le_bytes());
    bytes.extend_from_slice(part);
    Ok(())
}

fn take_part(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        bail!("frame of {} bytes has no length", bytes.len());
    };
    let length = u32::from_le_bytes(*length) as usize;
    match rest.split_at_checked(length) {
        Some(parts) => Ok(parts),
        None => bail!(
            "frame part of {length} bytes, but only {} are there",
            rest.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_body_come_back() {
        let bytes = encode(&("head", 7), b"body").unwrap();
        let (head, body): ((String, u8), _) = decode(&bytes).unwrap();
        assert_eq!((head.0.as_str(), head.1, body), ("head", 7, &b"body"[..]));
    }

    #[test]
    fn entries_come_back_in_order() {
        let entries = [("b", &b"1"[..]), ("a", b"")];
        let bytes = encode_entries(entries.into_iter()).unwrap();
        let decoded = decode_entries(&bytes).unwrap();
        assert_eq!(
            decoded,
            [("b".to_owned(), &b"1"[..]), ("a".to_owned(), &b""[..])]
        );
    }

    #[test]
    fn torn_frames_are_errors() {
        let bytes = encode_entries([("key", &b"value"[..])].into_iter()).unwrap();
        for length in 1..bytes.len() {
            assert!(
                decode_entries(&bytes[..length]).is_err(),
                "{length} of {}",
                bytes.len()
            );
        }
        assert!(decode::<String>(&[9, 0, 0, 0, b'"']).is_err());
    }
}
