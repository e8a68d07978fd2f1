//! The answer of `GET /submissions`.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::SubmissionsManager;
use crate::kind::Kind;
use crate::submission::{State, Submission};

/// What keeps a submission from being done.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum WaitsFor {
    /// The first block, which may show that it is confirmed.
    FirstBlock,
    /// The answer to the one before it: one of a kind is sent at a time.
    ItsTurn,
    /// The next turn that the host's limit leaves.
    RateLimited,
    RetryDelay,
    Answer,
    /// A block that shows it.
    Confirmation,
}

impl SubmissionsManager {
    pub(crate) fn report_all(&self, now_ms: u64) -> Value {
        let list = |kind| -> Vec<Value> {
            let of_kind = self.submissions.iter().filter(|((its, _), _)| *its == kind);
            of_kind
                .map(|((_, id), submission)| self.report(kind, id, submission, now_ms))
                .collect()
        };
        json!({
            "precommits": list(Kind::Precommit),
            "benchmarks": list(Kind::Benchmark),
            "proofs": list(Kind::Proof),
            "rate_limited": self.report_limits(now_ms),
        })
    }

    /// What the host's rate limiter keeps waiting now.
    fn report_limits(&self, now_ms: u64) -> Map<String, Value> {
        let limit = |kind: Kind| {
            let limit = self.limits.current(kind, now_ms)?;
            let report = json!({
                "allowed_per_minute": limit.allowed_per_minute,
                "next_in_ms": limit.until_ms.saturating_sub(now_ms),
                "reason": limit.reason,
            });
            Some((format!("{kind}s"), report))
        };
        Kind::ALL.into_iter().filter_map(limit).collect()
    }

    pub(crate) fn report(
        &self,
        kind: Kind,
        id: &str,
        submission: &Submission,
        now_ms: u64,
    ) -> Value {
        let is_in_flight = self
            .in_flight
            .get(&kind)
            .is_some_and(|in_flight| in_flight.id == id);
        let state = match submission.state {
            State::Waiting if is_in_flight => "in_flight",
            State::Waiting => "waiting",
            State::Sent { .. } => "sent",
            State::Rejected => "rejected",
        };
        json!({
            "id": id,
            "state": state,
            "waits_for": self.waits_for(kind, submission, is_in_flight, now_ms),
            "attempts": submission.attempts,
            "last_error": submission.last_error,
        })
    }

    fn waits_for(
        &self,
        kind: Kind,
        submission: &Submission,
        is_in_flight: bool,
        now_ms: u64,
    ) -> Option<WaitsFor> {
        match submission.state {
            State::Rejected => None,
            State::Sent { .. } => Some(WaitsFor::Confirmation),
            State::Waiting if is_in_flight => Some(WaitsFor::Answer),
            State::Waiting if kind != Kind::Precommit && self.listing.is_none() => {
                Some(WaitsFor::FirstBlock)
            }
            State::Waiting if !submission.is_due(now_ms, self.config.ms_delay_between_retries) => {
                Some(WaitsFor::RetryDelay)
            }
            State::Waiting if self.limits.current(kind, now_ms).is_some() => {
                Some(WaitsFor::RateLimited)
            }
            State::Waiting => Some(WaitsFor::ItsTurn),
        }
    }
}
