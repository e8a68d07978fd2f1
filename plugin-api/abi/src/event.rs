//! Names of events that only the host emits. No other event can have a name with a dot: handlers could not be named so.
//!
//! Frames and types in the payloads are those of `tig-plugin-api`.

/// The response to an HTTP request: a frame. Emitting it is refused, as are names that begin with [`RESERVED`].
pub const HTTP_RESPONSE: &str = "http_response";
/// A timer is due; the payload is its tag.
pub const TIMER: &str = "host.timer";
/// Something happened to a websocket connection; the payload is a frame of a `WsEvent`.
pub const WS: &str = "host.ws";
/// Beginning of names that are kept for the host.
pub const RESERVED: &str = "host.";
