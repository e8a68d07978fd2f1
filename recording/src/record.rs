//! What happened to one extension, in order.
//!
//! Records borrow from the bytes of their block. Their form is that of postcard, each behind its length (u32, little-endian): a newer
//! host adds variants at the end of [`Record`], and counts up [`crate::block::FORMAT`] when an earlier reader would misread the rest.

use std::borrow::Cow;

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use crate::block::BLOCK_BYTES_MAX;

/// Bytes of the length in front of a record.
pub(crate) const LENGTH_BYTES: usize = 4;

/// A record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The block ends within a record.
    #[error("a record is cut short")]
    CutShort,
    /// The bytes are not a record that this version knows.
    #[error("a record has a form that this version does not know: {0}")]
    Unknown(#[source] postcard::Error),
    /// A record is longer than its length has room for.
    #[error("a record of {0} bytes is too long")]
    TooLong(usize),
}

/// The plugin file of an instance.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PluginId<'a> {
    /// Name in the file's manifest.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Version in the file's manifest.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// BLAKE3 of the file, in hex.
    #[serde(borrow)]
    pub hash: Cow<'a, str>,
}

/// From here on the extension is recorded. The values of its storage follow as [`Record::Stored`].
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Begin {
    /// Unix milliseconds.
    pub at_ms: u64,
}

/// A value of the storage as of [`Begin`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoredValue<'a> {
    /// Its key.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    /// The value.
    #[serde(borrow, with = "serde_bytes")]
    pub value: Cow<'a, [u8]>,
}

/// An instance that ran before the recording began, as far as it can be created again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Checkpoint<'a> {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Its file.
    #[serde(borrow)]
    pub plugin: PluginId<'a>,
    /// JSON of its settings, without secrets.
    #[serde(borrow, with = "serde_bytes")]
    pub settings: Cow<'a, [u8]>,
    /// The state that it would hand to a successor. Without any, a successor starts from the storage alone, and may differ from this
    /// instance.
    #[serde(borrow, with = "serde_bytes")]
    pub snapshot: Option<Cow<'a, [u8]>>,
    /// Whether the version from before it waits until it has proved itself. The recording does not hold that version.
    pub on_probation: bool,
}

/// What becomes of the instance before.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Switch {
    /// There is none, or it is gone: at a start, and after a failure.
    Restart,
    /// It waits until the new version has proved itself.
    Probation,
}

/// A new instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Create<'a> {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Its file.
    #[serde(borrow)]
    pub plugin: PluginId<'a>,
    /// JSON of its settings, without secrets.
    #[serde(borrow, with = "serde_bytes")]
    pub settings: Cow<'a, [u8]>,
    /// State of its predecessor.
    #[serde(borrow, with = "serde_bytes")]
    pub snapshot: Option<Cow<'a, [u8]>>,
    /// What becomes of the instance before.
    pub switch: Switch,
    /// How `new` ended. If it failed, the instance before goes on, if there is one.
    #[serde(borrow)]
    pub outcome: Outcome<'a>,
    /// What it asked for.
    #[serde(borrow)]
    pub steps: Vec<Step<'a>>,
}

/// A call of an instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Call<'a> {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// What it was called with.
    #[serde(borrow)]
    pub question: Question<'a>,
    /// How it ended.
    #[serde(borrow)]
    pub outcome: Outcome<'a>,
    /// What it asked for.
    #[serde(borrow)]
    pub steps: Vec<Step<'a>>,
}

/// What an instance is called with, as it crosses the plugin boundary.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Question<'a> {
    /// An event, a response, a timer or something of a websocket connection.
    Event {
        /// Name of the event.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// Its place in the order of all events; 0 for the host's own.
        sequence: u64,
        /// Whether it was delivered before.
        redelivered: bool,
        /// Its arguments.
        #[serde(borrow, with = "serde_bytes")]
        payload: Cow<'a, [u8]>,
    },
    /// A request to a route.
    Request(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>),
    /// A command.
    Command(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>),
}

/// How a call ended.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Outcome<'a> {
    /// It succeeded, and its effects count.
    Done,
    /// The same, with a reply to a request.
    Replied(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>),
    /// It failed, and has no effects.
    Failed(#[serde(borrow)] Cow<'a, str>),
    /// It panicked, and has no effects.
    Panicked(#[serde(borrow)] Cow<'a, str>),
}

impl Outcome<'_> {
    /// Whether the effects count.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::Replied(_))
    }
}

/// What an instance asked of the host, in order. Reads of its storage are left out: their answers follow from its writes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Step<'a> {
    /// An effect, as it crosses the plugin boundary.
    Asked {
        /// Number of the service.
        service: u32,
        /// Its first argument.
        #[serde(borrow)]
        name: Cow<'a, str>,
        /// Its second argument.
        #[serde(borrow, with = "serde_bytes")]
        body: Cow<'a, [u8]>,
    },
    /// An answer that does not follow from anything recorded.
    Answered {
        /// Number of the service.
        service: u32,
        /// The answer.
        #[serde(borrow)]
        answer: Answer<'a>,
    },
}

/// An answer of the host.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Answer<'a> {
    /// A time in milliseconds, or a random number.
    Number(u64),
    /// A key or a signature.
    Bytes(#[serde(borrow, with = "serde_bytes")] Cow<'a, [u8]>),
    /// The host has refused the call, which is the step before if it asked for an effect.
    Refused(#[serde(borrow)] Cow<'a, str>),
}

/// The instance of before the last switch goes on, as if the new one had never run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Restored<'a> {
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Values by key that undo what the new one has written.
    #[serde(borrow)]
    pub writes: Vec<Undo<'a>>,
}

/// A value that is put back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Undo<'a> {
    /// Its key.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    /// The value of before; `None` if there was none.
    #[serde(borrow, with = "serde_bytes")]
    pub value: Option<Cow<'a, [u8]>>,
}

/// Something that happened to an extension.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Record<'a> {
    /// The recording of the extension begins.
    Begin(Begin),
    /// A value of its storage.
    Stored(#[serde(borrow)] StoredValue<'a>),
    /// Its instance.
    Checkpoint(#[serde(borrow)] Checkpoint<'a>),
    /// A new instance.
    Create(#[serde(borrow)] Create<'a>),
    /// A call of the instance.
    Call(#[serde(borrow)] Call<'a>),
    /// The instance was asked for its state, which has this BLAKE3; none if it keeps none or failed.
    Snapshot {
        /// Unix milliseconds.
        at_ms: u64,
        /// The first bytes of the hash of the masked state.
        digest: Option<[u8; 16]>,
    },
    /// A rollback.
    Restored(#[serde(borrow)] Restored<'a>),
    /// The instance has ended and no other takes its place.
    Stopped {
        /// Unix milliseconds.
        at_ms: u64,
    },
    /// The version on probation has proved itself, and the one from before it has ended.
    Confirmed {
        /// Unix milliseconds.
        at_ms: u64,
    },
}

impl<'a> Record<'a> {
    /// Appends the record to the records of a block.
    ///
    /// # Errors
    ///
    /// The record is too long.
    pub fn append_to(&self, records: &mut Vec<u8>) -> Result<(), RecordError> {
        append(records, |body| serialize(self, body))
    }

    /// Takes the first record of `records`; `None` at their end.
    ///
    /// # Errors
    ///
    /// The bytes are not those of a record.
    pub fn take_from(records: &mut &'a [u8]) -> Result<Option<Self>, RecordError> {
        if records.is_empty() {
            return Ok(None);
        }
        let (whole, rest) = split_record(records)?;
        let body = &whole[LENGTH_BYTES..];
        let record = postcard::from_bytes(body).map_err(RecordError::Unknown)?;
        *records = rest;
        Ok(Some(record))
    }

    /// When it happened; `None` for a stored value.
    #[must_use]
    pub fn at_ms(&self) -> Option<u64> {
        match self {
            Self::Begin(begin) => Some(begin.at_ms),
            Self::Stored(_) => None,
            Self::Checkpoint(checkpoint) => Some(checkpoint.at_ms),
            Self::Create(create) => Some(create.at_ms),
            Self::Call(call) => Some(call.at_ms),
            Self::Restored(restored) => Some(restored.at_ms),
            Self::Snapshot { at_ms, .. } | Self::Stopped { at_ms } | Self::Confirmed { at_ms } => {
                Some(*at_ms)
            }
        }
    }
}

/// The first record of `records` with its length in front, and what is behind it.
///
/// # Errors
///
/// The bytes are cut short.
pub(crate) fn split_record(records: &[u8]) -> Result<(&[u8], &[u8]), RecordError> {
    let (length, body) = records
        .split_first_chunk::<LENGTH_BYTES>()
        .ok_or(RecordError::CutShort)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| RecordError::CutShort)?;
    if length > body.len() {
        return Err(RecordError::CutShort);
    }
    Ok(records.split_at(LENGTH_BYTES + length))
}

/// Puts a record together from parts that are encoded at different times, without a copy of each.
pub mod parts {
    use super::{
        Outcome, PluginId, Question, RecordError, Serialize, Step, Switch, append, serialize,
    };

    /// Place of `Record::Create` among its variants, as postcard writes it.
    const CREATE: u32 = 3;
    /// Place of `Record::Call`.
    const CALL: u32 = 4;

    /// Appends a question to `encoded`.
    ///
    /// # Errors
    ///
    /// The question has no such form; does not happen.
    pub fn encode_question(
        encoded: &mut Vec<u8>,
        question: &Question<'_>,
    ) -> Result<(), RecordError> {
        serialize(question, encoded)
    }

    /// Appends a step to `encoded`.
    ///
    /// # Errors
    ///
    /// The step has no such form; does not happen.
    pub fn encode_step(encoded: &mut Vec<u8>, step: &Step<'_>) -> Result<(), RecordError> {
        serialize(step, encoded)
    }

    /// Steps that are encoded already.
    #[derive(Clone, Debug, Default)]
    pub struct Steps {
        /// Their number.
        pub count: u64,
        /// One after another.
        pub encoded: Vec<u8>,
    }

    fn append_steps(body: &mut Vec<u8>, steps: &Steps) -> Result<(), RecordError> {
        serialize(&steps.count, body)?;
        body.extend_from_slice(&steps.encoded);
        Ok(())
    }

    /// Appends a [`super::Call`].
    ///
    /// # Errors
    ///
    /// The record is too long.
    pub fn append_call(
        records: &mut Vec<u8>,
        at_ms: u64,
        question: &[u8],
        outcome: &Outcome<'_>,
        steps: &Steps,
    ) -> Result<(), RecordError> {
        append(records, |body| {
            serialize(&(CALL, at_ms), body)?;
            body.extend_from_slice(question);
            serialize(outcome, body)?;
            append_steps(body, steps)
        })
    }

    /// A [`super::Create`] without its steps.
    #[derive(Serialize)]
    pub struct CreateHead<'a> {
        /// Unix milliseconds.
        pub at_ms: u64,
        /// The file.
        pub plugin: PluginId<'a>,
        /// JSON of the settings.
        #[serde(with = "serde_bytes")]
        pub settings: &'a [u8],
        /// State of the predecessor.
        #[serde(with = "serde_bytes")]
        pub snapshot: Option<&'a [u8]>,
        /// What becomes of the instance before.
        pub switch: Switch,
        /// How `new` ended.
        pub outcome: Outcome<'a>,
    }

    /// Appends a [`super::Create`].
    ///
    /// # Errors
    ///
    /// The record is too long.
    pub fn append_create(
        records: &mut Vec<u8>,
        head: &CreateHead<'_>,
        steps: &Steps,
    ) -> Result<(), RecordError> {
        append(records, |body| {
            serialize(&(CREATE, head), body)?;
            append_steps(body, steps)
        })
    }
}

/// Appends the form of a value; nothing if it has none.
fn serialize<T: Serialize>(value: &T, encoded: &mut Vec<u8>) -> Result<(), RecordError> {
    let begin = encoded.len();
    postcard::serialize_with_flavor(value, Tail(encoded)).map_err(|error| {
        encoded.truncate(begin);
        RecordError::Unknown(error)
    })
}

/// Writes to the end of a vector. That of postcard itself asks for room byte by byte.
struct Tail<'a>(&'a mut Vec<u8>);

impl Flavor for Tail<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends what `write` writes behind its length; nothing if it fails.
fn append(
    records: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), RecordError>,
) -> Result<(), RecordError> {
    let begin = records.len();
    records.extend_from_slice(&[0; LENGTH_BYTES]);
    let written = write(records).and_then(|()| check_length(records.len() - begin - LENGTH_BYTES));
    match written {
        Ok(length) => {
            records[begin..begin + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
            Ok(())
        }
        Err(error) => {
            records.truncate(begin);
            Err(error)
        }
    }
}

/// A record must fit into a block.
fn check_length(length: usize) -> Result<u32, RecordError> {
    let fitting = u32::try_from(length).ok();
    fitting
        .filter(|_| length <= BLOCK_BYTES_MAX - LENGTH_BYTES)
        .ok_or(RecordError::TooLong(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopped() -> Vec<u8> {
        let mut records = Vec::new();
        let record = Record::Stopped { at_ms: 300 };
        record.append_to(&mut records).unwrap();
        records
    }

    #[test]
    fn cut_record_is_an_error() {
        let records = stopped();
        for length in 1..records.len() {
            let cut = Record::take_from(&mut &records[..length]);
            assert!(matches!(cut, Err(RecordError::CutShort)), "{cut:?}");
        }
        assert!(Record::take_from(&mut &*records).unwrap().is_some());
    }

    #[test]
    fn record_of_a_later_version_is_an_error() {
        let mut records = stopped();
        // The place of the variant.
        records[LENGTH_BYTES] = 100;
        let later = Record::take_from(&mut &*records);
        assert!(matches!(later, Err(RecordError::Unknown(_))), "{later:?}");
    }

    #[test]
    fn record_longer_than_a_block_is_refused() {
        let fitting = BLOCK_BYTES_MAX - LENGTH_BYTES;
        assert_eq!(usize::try_from(check_length(fitting).unwrap()), Ok(fitting));
        let refused = check_length(fitting + 1);
        assert!(
            matches!(refused, Err(RecordError::TooLong(length)) if length == fitting + 1),
            "{refused:?}"
        );
    }
}
