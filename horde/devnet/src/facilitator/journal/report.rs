//! The report of a facilitator.

use serde::{Deserialize, Serialize};

use super::job::JobRecord;
use super::violation::FacilitatorViolation;

/// The record of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRecord {
    /// Its number, from 0, in the order in which connections were opened.
    pub connection: u64,
    /// When it was opened, in microseconds since 1970.
    pub opened_us: i64,
    /// When it ended.
    pub ended_us: Option<i64>,
    /// The code with which the facilitator has closed it.
    pub closed_with: Option<u16>,
    /// SS58 address of the validator that has authenticated itself.
    pub validator: Option<String>,
    /// The version that the validator states when it connects, cut to a bound.
    pub version: Option<String>,
    /// Heartbeats that were read.
    pub heartbeat_count: u64,
}

/// What a facilitator has sent and seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacilitatorReport {
    /// Its faults at present.
    pub faults: Vec<String>,
    /// The last connections, in the order in which they were opened, up to a bound.
    pub connections: Vec<ConnectionRecord>,
    /// The jobs in the order in which they were ordered, up to a bound: the oldest that are over are forgotten first.
    pub jobs: Vec<JobRecord>,
    /// What validators did against the protocol, up to a bound.
    pub violations: Vec<FacilitatorViolation>,
    /// How often they did.
    pub violation_count: u64,
}
