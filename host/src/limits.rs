//! Bounds that several wings share.

use std::time::Duration;

/// Clients that may be connected; further ones wait until another disconnects.
pub(crate) const CONNECTIONS_MAX: usize = 16_384;

/// HTTP requests of one extension that may be in flight.
pub(crate) const CALLS_IN_FLIGHT_MAX: usize = 64;

/// Longest time of an HTTP request of an extension, whatever it asks for.
pub(crate) const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(300);

/// Longest wait for a switch of versions. A later switch still happens when the running handler returns.
pub(crate) const SWITCH_TIMEOUT: Duration = Duration::from_secs(60);
