//! Whether a user's job has its end, by the facilitator's report.

use serde_json::Value;

/// A connection that ends so soon after a job was sent may have lost it, in microseconds.
const LOST_US: i64 = 1_000_000;

/// The statuses that a job has.
pub(super) fn stored(job: &Value) -> impl Iterator<Item = &Value> {
    let statuses = job["statuses"].as_array().into_iter().flatten();
    statuses.filter(|status| status["is_stored"] == true)
}

/// Whether a job has an end, or may never have come to the validator.
pub(super) fn is_settled(report: &Value, job: &Value) -> bool {
    if stored(job).any(|status| status["status"] != "accepted") {
        return true;
    }
    let connections = report["connections"].as_array();
    let ended_us = |number: &Value| {
        let mut all = connections.into_iter().flatten();
        all.find(|it| it["connection"] == *number)?["ended_us"].as_i64()
    };
    let is_lost = |delivery: &Value| {
        let at_us = delivery["at_us"].as_i64().unwrap_or_default();
        ended_us(&delivery["connection"]).is_some_and(|ended_us| ended_us - at_us < LOST_US)
    };
    // A job that the validator has taken is never lost.
    let deliveries = job["deliveries"].as_array();
    stored(job).next().is_none() && deliveries.into_iter().flatten().all(is_lost)
}
