//! Bounds that more than one wing keeps.

use std::time::Duration;

/// Clients that may be connected; further ones wait until one of them has gone.
pub(crate) const CONNECTIONS_MAX: usize = 16_384;

/// HTTP requests of one extension that may be in flight.
pub(crate) const CALLS_IN_FLIGHT_MAX: usize = 64;

/// An HTTP request of an extension takes no longer, whatever it asks for.
pub(crate) const CALL_TIMEOUT_MAX: Duration = Duration::from_secs(300);

/// A switch that has not happened by then will happen when the running handler returns; the wait for it is given up.
pub(crate) const SWITCH_TIMEOUT: Duration = Duration::from_secs(60);
