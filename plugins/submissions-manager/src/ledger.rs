//! What has become of submissions since the host started, and how the API takes them: for the operator, nothing is decided
//! by it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::kind::Kind;
use crate::outcome::{Answer, Outcome, is_key_refused};

/// Submissions that are over and remembered.
const DONE_COUNT_MAX: usize = 100;

/// A trouble that has not shown for so long is taken to be over: nothing may have been sent since.
const TROUBLE_MS_MAX: u64 = 600_000;

/// How a submission has ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Done {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    /// In words: `confirmed`, `rejected`.
    pub(crate) outcome: String,
    pub(crate) text: String,
    pub(crate) attempts: u32,
    pub(crate) created_ms: u64,
    pub(crate) at_ms: u64,
}

/// Answers to the requests of one kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    /// Failed, to be sent again.
    pub(crate) retried: u64,
    /// Failed for good.
    pub(crate) failed: u64,
}

/// Why the API takes nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) class: Class,
    pub(crate) text: String,
    at_ms: u64,
}

/// Kinds of trouble that an operator handles in different ways.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    KeyRefused,
    Unreachable,
    RateLimited,
}

/// All of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Ledger {
    done: VecDeque<Done>,
    counts: BTreeMap<Kind, Counts>,
    /// Not handed over: the next version may have another key.
    #[serde(skip)]
    trouble: Option<Trouble>,
}

impl Ledger {
    /// Notes the answer to a request.
    pub(crate) fn answered(
        &mut self,
        kind: Kind,
        outcome: &Outcome,
        will_retry: bool,
        now_ms: u64,
    ) {
        let counts = self.counts.entry(kind).or_default();
        let answer = match outcome {
            // Nothing was sent.
            Outcome::Limited(_) => return,
            Outcome::Accepted(_) => {
                counts.accepted += 1;
                self.trouble = None;
                return;
            }
            Outcome::Retryable(answer)
            | Outcome::Unknown(answer)
            | Outcome::Rejected(answer)
            | Outcome::Fraud(answer) => answer,
        };
        if will_retry {
            counts.retried += 1;
        } else {
            counts.failed += 1;
        }
        self.trouble = class(answer).map(|class| Trouble {
            class,
            text: answer.text.clone(),
            at_ms: now_ms,
        });
    }

    /// Notes the end of a submission.
    pub(crate) fn ended(&mut self, done: Done) {
        if self.done.len() >= DONE_COUNT_MAX {
            self.done.pop_front();
        }
        self.done.push_back(done);
    }

    /// Submissions that are over, the last first.
    pub(crate) fn done(&self) -> impl Iterator<Item = &Done> {
        self.done.iter().rev()
    }

    pub(crate) fn counts(&self, kind: Kind) -> Counts {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    /// Why the API takes nothing now.
    pub(crate) fn trouble(&self, now_ms: u64) -> Option<&Trouble> {
        let is_current = |trouble: &&Trouble| {
            // A key that was refused does not become good by itself.
            trouble.class == Class::KeyRefused
                || now_ms.saturating_sub(trouble.at_ms) < TROUBLE_MS_MAX
        };
        self.trouble.as_ref().filter(is_current)
    }
}

/// `None` if the answer is about the submission itself.
fn class(answer: &Answer) -> Option<Class> {
    match answer.status {
        _ if is_key_refused(answer) => Some(Class::KeyRefused),
        Some(429) => Some(Class::RateLimited),
        None | Some(408 | 500..) => Some(Class::Unreachable),
        Some(_) => None,
    }
}
