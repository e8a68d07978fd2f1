//! What one handler may ask of the host, and why the host refuses a call.

use crate::limits::CALLS_IN_FLIGHT_MAX;
use crate::observe::meters::MetricError;
use crate::runtime::bus::Full;
use crate::runtime::event::HTTP_RESPONSE;
use crate::store::StoreError;

/// Events that one handler may emit.
pub(crate) const HANDLER_EVENTS_MAX: usize = 10_000;

/// Metrics that one handler may count or set.
pub(crate) const READINGS_MAX: usize = 10_000;

/// Bytes of events, writes and requests that one handler may ask for.
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
    #[error("`{HTTP_RESPONSE}` comes from the host only")]
    ReservedEvent,
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
