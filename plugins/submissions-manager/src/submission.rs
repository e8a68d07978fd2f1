//! One submission and its state: what an answer, and what a block, makes of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind::Kind;
use crate::listing::Listing;
use crate::outcome::Outcome;

/// An accepted benchmark or proof that no block shows so many blocks after the first that came since is sent again. That
/// first one counts from, because its listing may have been on its way when the submission was sent.
pub(crate) const RESEND_AFTER_BLOCKS: u32 = 3;

/// Why a submission is over that a block shows.
pub(crate) const CONFIRMED: &str = "confirmed";

/// A submission until a block shows it. Benchmarks and proofs are stored in this form.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Submission {
    /// Body of the request.
    pub(crate) request: Value,
    pub(crate) state: State,
    /// Requests sent.
    pub(crate) attempts: u32,
    /// Failed ones since the last that was accepted.
    failures: u32,
    pub(crate) last_error: Option<String>,
    /// Height from which the lifespan counts; of the first block seen if no listing has it.
    pub(crate) block_started: Option<u32>,
    pub(crate) not_before_ms: u64,
    /// Random hash of the precommit that it is for, once a listing has it.
    #[serde(default)]
    pub(crate) rand_hash: Option<String>,
    /// When it was ready; 0 if it was stored by an older version.
    #[serde(default)]
    pub(crate) created_ms: u64,
    /// Times that it was sent again because no block showed it.
    #[serde(default)]
    pub(crate) resends: u32,
    /// New work was paused while it was in flight: it is not sent again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_withdrawn: bool,
}

/// What a submission waits for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// To be sent.
    Waiting,
    /// For a block that shows it; with the height of the first block that came since.
    Sent { first_seen: Option<u32> },
    /// For its end: it is kept so that it is not submitted anew.
    Rejected,
}

/// How often and when to try again.
pub(crate) struct Retries {
    /// `None`: for ever.
    pub(crate) max: Option<u32>,
    pub(crate) delay_ms: u64,
}

/// What a block makes of a submission.
#[derive(Debug, PartialEq)]
pub(crate) enum Fate {
    Keep,
    Resend,
    Drop { reason: &'static str },
}

impl Submission {
    pub(crate) fn new(request: Value, now_ms: u64) -> Self {
        Self {
            request,
            state: State::Waiting,
            attempts: 0,
            failures: 0,
            last_error: None,
            block_started: None,
            not_before_ms: 0,
            rand_hash: None,
            created_ms: now_ms,
            resends: 0,
            is_withdrawn: false,
        }
    }

    /// A wait that is longer than any of `delay_ms` was begun while the clock was ahead: it is over.
    pub(crate) fn is_due(&self, now_ms: u64, delay_ms: u64) -> bool {
        let wait_ms = self.not_before_ms.saturating_sub(now_ms);
        self.state == State::Waiting && (wait_ms == 0 || wait_ms > delay_ms)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// This submission, whose last request the host has not sent.
    pub(crate) fn unsent(&self) -> Self {
        Self {
            attempts: self.attempts.saturating_sub(1),
            ..self.clone()
        }
    }

    /// This submission after an answer.
    pub(crate) fn after(&self, outcome: &Outcome, now_ms: u64, retries: &Retries) -> Self {
        let mut after = self.clone();
        let answer = match outcome {
            Outcome::Accepted(_) => {
                after.state = State::Sent { first_seen: None };
                after.failures = 0;
                after.last_error = None;
                return after;
            }
            Outcome::Retryable(answer) => {
                after.failures += 1;
                after.not_before_ms = now_ms.saturating_add(retries.delay_ms);
                let may_retry = retries.max.is_none_or(|max| after.failures <= max);
                after.state = if may_retry {
                    State::Waiting
                } else {
                    State::Rejected
                };
                answer
            }
            // Nothing was sent.
            Outcome::Limited(_) => return self.unsent(),
            Outcome::Unknown(answer) | Outcome::Rejected(answer) | Outcome::Fraud(answer) => {
                after.state = State::Rejected;
                answer
            }
        };
        after.last_error = Some(answer.text.clone());
        after
    }

    /// Nonces of the leaves that this proof shows.
    fn proved_nonces(&self) -> BTreeSet<u64> {
        let proofs = self.request["merkle_proofs"].as_array();
        let nonce = |proof: &Value| proof["leaf"]["nonce"].as_u64();
        proofs.into_iter().flatten().filter_map(nonce).collect()
    }

    /// What the newest block makes of this benchmark or proof.
    pub(crate) fn fate(&self, kind: Kind, benchmark_id: &str, listing: &Listing) -> Fate {
        if listing.shows(kind, benchmark_id) {
            return Fate::Drop { reason: CONFIRMED };
        }
        if self
            .block_started
            .is_some_and(|started| listing.window.is_expired(started))
        {
            return Fate::Drop {
                reason: "its lifespan is over",
            };
        }
        if listing.is_reconfirmed(benchmark_id, self.rand_hash.as_deref()) {
            return Fate::Drop {
                reason: "the network has rolled its block back and reconfirmed its precommit",
            };
        }
        let sampled = listing.sampled_nonces(benchmark_id);
        if kind == Kind::Proof && sampled.is_some_and(|sampled| *sampled != self.proved_nonces()) {
            return Fate::Drop {
                reason: "the network has sampled other nonces since",
            };
        }
        match self.state {
            State::Sent {
                first_seen: Some(height),
            } if listing.window.height >= height.saturating_add(RESEND_AFTER_BLOCKS) => {
                Fate::Resend
            }
            State::Sent { .. } | State::Waiting | State::Rejected => Fate::Keep,
        }
    }
}
