//! What operators can observe of a running host: status, metrics, and handlers that take too long.

pub(crate) mod conditions;
pub(crate) mod handler_times;
pub(crate) mod history;
pub(crate) mod meters;
pub(crate) mod own_conditions;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod service_status;
pub(crate) mod shadow_status;
pub(crate) mod status;
pub(crate) mod watchdog;
