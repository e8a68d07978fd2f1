//! What a facilitator has sent and seen: the evidence of judges.

mod job;
mod report;
mod violation;

pub use job::{Delivery, JobRecord, JobState, StatusAnswer, StatusRecord};
pub use report::{ConnectionRecord, FacilitatorReport};
pub(crate) use violation::Violations;
pub use violation::{FacilitatorViolation, FacilitatorViolationKind};
