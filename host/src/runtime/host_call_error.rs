//! What one handler may ask of the host, and why the host refuses a call.

use tig_plugin_api::TAG_BYTES_MAX;

use crate::keys::KeyError;
use crate::limits::CALLS_IN_FLIGHT_MAX;
use crate::observe::meters::MetricError;
use crate::runtime::bus::Full;
use crate::runtime::sockets::{CLOSE_REASON_BYTES_MAX, SOCKETS_MAX, UNSENT_BYTES_MAX};
use crate::runtime::timers::TIMERS_MAX;
use crate::store::StoreError;

/// Events that one handler may emit.
pub(crate) const HANDLER_EVENTS_MAX: usize = 10_000;

/// Metrics that one handler may count or set.
pub(crate) const READINGS_MAX: usize = 10_000;

/// Lines of progress and results of commands that one handler may report.
pub(crate) const HANDLER_REPORTS_MAX: usize = 10_000;

/// Bytes of events, writes, requests and frames that one handler may ask for.
pub(crate) const EFFECT_BYTES_MAX: usize = 256 << 20;

/// Longest key, in bytes.
pub(crate) const KEY_BYTES_MAX: usize = 1024;

/// Why the host refuses a call of a handler; the handler sees the text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostCallError {
    /// See [`HANDLER_EVENTS_MAX`].
    #[error("a handler may emit {HANDLER_EVENTS_MAX} events, not more")]
    TooManyEvents,
    /// See [`READINGS_MAX`].
    #[error("a handler may measure {READINGS_MAX} times, not more")]
    TooManyReadings,
    /// See [`CALLS_IN_FLIGHT_MAX`].
    #[error("{CALLS_IN_FLIGHT_MAX} HTTP requests are in flight, more are not allowed")]
    TooManyCalls,
    /// See [`EFFECT_BYTES_MAX`].
    #[error("the effects of a handler exceed {EFFECT_BYTES_MAX} bytes")]
    TooManyBytes,
    /// See [`KEY_BYTES_MAX`].
    #[error("a key of {0} bytes is longer than {KEY_BYTES_MAX}")]
    LongKey(usize),
    /// Only the host emits this event.
    #[error("`{0}` comes from the host only")]
    ReservedEvent(String),
    /// See [`TIMERS_MAX`].
    #[error("{TIMERS_MAX} timers are set, more are not allowed")]
    TooManyTimers,
    /// See [`TAG_BYTES_MAX`].
    #[error("a tag of {0} bytes is longer than {TAG_BYTES_MAX}")]
    LongTag(usize),
    /// See [`SOCKETS_MAX`].
    #[error("{SOCKETS_MAX} websocket connections are there, more are not allowed")]
    TooManySockets,
    /// A connection of this tag is there, or its end was not handled yet.
    #[error("a websocket connection `{0}` is there already; close it, and wait for its end")]
    TakenTag(String),
    /// The extension has no connection of this tag.
    #[error("no websocket connection `{0}` is there; open it first")]
    UnknownTag(String),
    /// A status code that no endpoint may send (RFC 6455, section 7.4).
    #[error(
        "{0} is not a code to close a websocket connection with; use 1000, one that the peer knows, or 4000 to 4999"
    )]
    CloseCode(u16),
    /// See [`CLOSE_REASON_BYTES_MAX`].
    #[error("the reason of a close of {0} bytes is longer than {CLOSE_REASON_BYTES_MAX}")]
    LongReason(usize),
    /// See [`UNSENT_BYTES_MAX`].
    #[error(
        "more than {UNSENT_BYTES_MAX} bytes wait to be sent on the websocket connection `{0}`; wait until frames are \
         written"
    )]
    TooMuchUnsent(String),
    /// The value of a command is not JSON.
    #[error("the value of the command is not JSON: {0}")]
    CommandValue(serde_json::Error),
    /// See [`HANDLER_REPORTS_MAX`].
    #[error("a handler may say {HANDLER_REPORTS_MAX} things of commands, not more")]
    TooManyReports,
    /// A key that the extension cannot use.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The payload of an event is not JSON. The emitter is to blame, not the extensions that would fail to read it.
    #[error("the payload of event `{event}` is not JSON: {source}")]
    Payload {
        /// Name of the event.
        event: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// An extension that handles the event has no room.
    #[error(transparent)]
    Full(#[from] Full),
    /// A name, label or value that Prometheus would not read.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// The store cannot be read. Boxed, since each call of a handler returns room for the longest of these errors.
    #[error(transparent)]
    Store(Box<StoreError>),
}

impl From<StoreError> for HostCallError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}
