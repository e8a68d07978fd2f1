//! Messages that change nothing, and why.

use horde_proto::MessageError;

/// Why a message changes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ignored {
    /// Not JSON, or not an object.
    NotJson,
    /// No `message_type`.
    NoType,
    /// A message that miners do not send, or that is newer than this program.
    UnknownType,
    /// A field breaks the schema.
    Invalid,
    /// A job that nobody knows.
    UnknownJob,
    /// A job of another miner.
    OtherMiner,
    /// A job that has its outcome.
    JobOver,
    /// A step that the job has taken already: the first message of a kind counts.
    Repeated,
    /// A manifest after the first of a connection.
    RepeatedManifest,
    /// A fault in words, other than a refusal.
    ErrorMessage,
}

impl Ignored {
    /// A frame that is not a message.
    pub(crate) fn of_error(error: &MessageError) -> Self {
        match error {
            MessageError::Json(_) | MessageError::NotObject { .. } => Self::NotJson,
            MessageError::NoType => Self::NoType,
            MessageError::UnknownType { .. } => Self::UnknownType,
            MessageError::Field { .. } => Self::Invalid,
        }
    }

    /// One word for metrics and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NoType => "no_type",
            Self::UnknownType => "unknown_type",
            Self::Invalid => "invalid",
            Self::UnknownJob => "unknown_job",
            Self::OtherMiner => "other_miner",
            Self::JobOver => "job_over",
            Self::Repeated => "repeated",
            Self::RepeatedManifest => "repeated_manifest",
            Self::ErrorMessage => "error_message",
        }
    }
}
