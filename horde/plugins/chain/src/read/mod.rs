//! Strict reading of what the service says (sections 5.2 and 10.11). An answer is taken whole or not at all.

mod block;
mod call;
mod neurons;

use horde_events::quote;
use serde::de::DeserializeOwned;

pub(crate) use self::block::{Head, read_block};
pub(crate) use self::call::{read_commits, read_inclusion, read_limits, read_schedule};
pub(crate) use self::neurons::{NeuronList, read_neurons};

/// Hexadecimal digits of a hash.
const HASH_DIGITS: usize = 64;

/// Why an answer cannot be used.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(
        "it is a web page: check `url`, and that no proxy or login page answers for the service"
    )]
    WebPage,
    #[error("{0}")]
    Json(String),
    #[error("hash {0} is not `0x` and {HASH_DIGITS} hexadecimal digits")]
    Hash(String),
    #[error("the newest block is 0: the service has not begun to follow the chain")]
    BlockZero,
    #[error("block {wanted} was asked for, and it says it is block {named}")]
    OtherBlock { wanted: u32, named: u32 },
    #[error("it lists no neurons at block {0}, and a subnet is never without")]
    NoNeurons(u32),
    #[error("hotkey {0} is not an SS58 address")]
    Hotkey(String),
    #[error("the neuron listed as {listed} has the hotkey {hotkey}")]
    OtherHotkey { listed: String, hotkey: String },
    #[error("hotkey {0} comes twice")]
    HotkeyTwice(String),
    #[error("uid {0} comes twice")]
    UidTwice(u16),
    #[error("total stake {stake} of uid {uid} is not a number from 0 up")]
    Stake { uid: u16, stake: f64 },
    #[error("{0} is out of bounds")]
    OutOfBounds(&'static str),
}

fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|error| {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        match first {
            Some(b'<') => Unreadable::WebPage,
            // The text may quote the body.
            _ => Unreadable::Json(quote(&error.to_string())),
        }
    })
}

/// A hash in lower case.
fn read_hash(text: &str) -> Result<String, Unreadable> {
    let is_hash = |digits: &str| {
        digits.len() == HASH_DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    match text.strip_prefix("0x").is_some_and(is_hash) {
        true => Ok(text.to_ascii_lowercase()),
        false => Err(Unreadable::Hash(quote(text))),
    }
}
