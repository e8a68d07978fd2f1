//! What can be seen of a running host: status, metrics, and handlers that take too long.

pub mod meters;
pub mod process;
pub mod prometheus;
pub mod status;
pub mod watchdog;
