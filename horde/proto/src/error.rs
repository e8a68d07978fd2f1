//! Why a text is not a message.

/// Characters of a foreign text that an error shows.
const SHOWN_CHARS_MAX: usize = 64;

/// Why a frame is not a message of its protocol.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The frame is not a JSON text, nests deeper than 128 levels, or holds more than 100,000 values.
    #[error("the frame cannot be read as JSON")]
    Json(#[source] serde_json::Error),
    /// The frame is JSON, but not an object.
    #[error("the frame is {found}, not an object")]
    NotObject {
        /// The JSON type of the frame, with an article.
        found: &'static str,
    },
    /// The frame does not say which message it is.
    #[error("the frame does not say in `message_type` which message it is")]
    NoType,
    /// No message of this protocol and direction has this type.
    #[error("message type {found} is unknown here; a newer peer may send it")]
    UnknownType {
        /// The type, quoted, escaped and shortened.
        found: String,
    },
    /// A field breaks the schema of its message.
    #[error("{message} is invalid")]
    Field {
        /// The type of the message.
        message: &'static str,
        /// The field and its fault.
        #[source]
        fault: FieldError,
    },
}

/// A field that breaks the schema, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}", place(.path))]
pub struct FieldError {
    /// Names and indices from the message to the field, such as `volume.volumes[0].url`; empty for the message itself.
    pub path: String,
    /// The fault.
    pub reason: Reason,
}

/// The fault of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A required field is absent.
    #[error("is missing")]
    Missing,
    /// A field that the schema does not have, in an object that takes no others.
    #[error("is unknown here, and this object takes no unknown fields")]
    UnknownField,
    /// A value of another JSON type.
    #[error("is {found}, not {expected}")]
    Type {
        /// The type that the schema asks for, with an article.
        expected: &'static str,
        /// The type that the value has, with an article.
        found: &'static str,
    },
    /// A text that is not one of those that the schema lists.
    #[error("is {found}, not one of {}", .expected.join(", "))]
    NotListed {
        /// The text, quoted, escaped and shortened.
        found: String,
        /// The texts that the schema lists.
        expected: &'static [&'static str],
    },
    /// An integer that cannot be held or signed.
    #[error("is {found}, outside of {min} to {max}")]
    OutOfRange {
        /// The number as JSON.
        found: String,
        /// The least integer.
        min: i64,
        /// The greatest integer.
        max: u64,
    },
    /// A text that is not a date with a time.
    #[error("is {found}, not a time such as 2024-11-28T15:03:12.345678Z")]
    NotTime {
        /// The text, quoted, escaped and shortened.
        found: String,
    },
    /// Fields that are valid alone but not together.
    #[error("{0}")]
    Rule(&'static str),
}

impl FieldError {
    /// A fault of the value itself; [`FieldError::within`] adds where it is.
    pub(crate) fn new(reason: Reason) -> Self {
        Self {
            path: String::new(),
            reason,
        }
    }

    /// A fault of the field `name` of an object.
    pub(crate) fn of(name: &str, reason: Reason) -> Self {
        Self::new(reason).within(name)
    }

    /// The same fault, seen from the object that has the value as its field `name`.
    pub(crate) fn within(self, name: &str) -> Self {
        Self {
            path: join_path(name, &self.path),
            reason: self.reason,
        }
    }

    /// The same fault, seen from the list that has the value at `index`.
    pub(crate) fn within_index(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

/// The path to what is at `inner` below `outer`.
pub(crate) fn join_path(outer: &str, inner: &str) -> String {
    let separator = match inner.chars().next() {
        None | Some('[') => "",
        Some(_) => ".",
    };
    format!("{outer}{separator}{inner}")
}

/// The beginning of a sentence about the value at `path`.
fn place(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("`{path}` ")
    }
}

/// A foreign text for an error: quoted, control characters escaped, cut to a bound.
pub(crate) fn quote(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

/// A foreign name for a path: as [`quote`], but for a plain name, which needs no quotes.
pub(crate) fn name_for_path(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if !name.is_empty() && name.len() <= SHOWN_CHARS_MAX && name.bytes().all(is_plain) {
        name.to_owned()
    } else {
        quote(name)
    }
}
