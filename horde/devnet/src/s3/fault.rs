//! Faults: what the service does wrong, on purpose. A closed set, by names that command lines and requests use.

mod kind;
mod set;
mod text;

pub use kind::{S3FaultInfo, S3FaultKind};
pub(super) use set::Happening;
pub use set::{S3_FAULTS_COUNT_MAX, S3Faults, S3FaultsError};
pub use text::{ParseS3FaultError, S3Fault};
