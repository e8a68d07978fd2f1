//! What the answer to a submission means.

use tig_plugin_api::{HttpAnswer, HttpFailure, HttpFailureKind, RateLimit};
use tig_protocol::api::{SubmitProofResponse, Verified};

use crate::kind::Kind;

/// Characters of an answer that are kept and logged.
const TEXT_CHARS_MAX: usize = 500;

/// Words by which the API says that it has the submission already (tig-protocol.md section 5).
const DUPLICATE_WORDS: [&str; 3] = ["duplicate", "already", "with these settings exists"];

/// Words by which the API says that the key is of another player (InvalidSubmittingPlayer, tig-protocol.md section 5).
const WRONG_PLAYER_WORDS: [&str; 3] = ["submittingplayer", "submitting player", "wrong player"];

/// What became of a submission.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The API has it, now or since an earlier attempt. Only a block confirms it.
    Accepted(Answer),
    /// Not accepted, and worth another attempt.
    Retryable(Answer),
    /// Not sent, because the host's limit leaves no turn. The submission has not failed.
    Limited(Limited),
    /// A precommit of which nobody knows whether the API took it. A second fee is worse than a missed slot.
    Unknown(Answer),
    /// No attempt can succeed.
    Rejected(Answer),
    /// The API took the proof and found it wrong.
    Fraud(Answer),
}

impl Outcome {
    /// For programs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Retryable(_) => "retryable",
            Self::Limited(_) => "rate_limited",
            Self::Unknown(_) => "unknown",
            Self::Rejected(_) => "rejected",
            Self::Fraud(_) => "fraud",
        }
    }

    /// What was said.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Accepted(answer)
            | Self::Retryable(answer)
            | Self::Unknown(answer)
            | Self::Rejected(answer)
            | Self::Fraud(answer) => &answer.text,
            Self::Limited(limited) => &limited.text,
        }
    }
}

/// Status, if there was an answer, and what was said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: Option<u16>,
    pub(crate) text: String,
}

/// What the host's rate limiter has said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Limited {
    pub(crate) text: String,
    pub(crate) rate_limit: Option<RateLimit>,
}

/// Classifies the answer to a submission of `kind`.
pub(crate) fn classify(kind: Kind, result: &Result<HttpAnswer, HttpFailure>) -> Outcome {
    match result {
        Ok(answer) => classify_answer(kind, answer),
        Err(failure) if failure.kind == HttpFailureKind::RateLimited => Outcome::Limited(Limited {
            text: shown(&failure.text),
            rate_limit: failure.rate_limit,
        }),
        Err(failure) => {
            let answer = Answer {
                status: None,
                text: shown(&failure.text),
            };
            match (kind, failure.kind) {
                (Kind::Benchmark | Kind::Proof, _) | (_, HttpFailureKind::Connect) => {
                    Outcome::Retryable(answer)
                }
                (Kind::Precommit, _) => Outcome::Unknown(answer),
            }
        }
    }
}

fn classify_answer(kind: Kind, answer: &HttpAnswer) -> Outcome {
    let text = String::from_utf8_lossy(&answer.body);
    let kept = Answer {
        status: Some(answer.status),
        text: shown(&text),
    };
    let lower = text.to_lowercase();
    match answer.status {
        200..=299 if kind == Kind::Proof => match verdict(&answer.body) {
            Verified::Ok => Outcome::Accepted(kept),
            Verified::Err(reason) => Outcome::Fraud(Answer {
                text: shown(&reason),
                ..kept
            }),
        },
        200..=299 => Outcome::Accepted(kept),
        429 => Outcome::Retryable(kept),
        400..=499 if DUPLICATE_WORDS.iter().any(|word| lower.contains(word)) => {
            Outcome::Accepted(kept)
        }
        408 | 500..=599 if kind == Kind::Precommit => Outcome::Unknown(kept),
        // Authentication and routing are repaired by people, while finished work waits.
        _ if kind != Kind::Precommit && is_key_refused(&kept) => Outcome::Retryable(kept),
        404 | 408 | 425 | 500..=599 if kind != Kind::Precommit => Outcome::Retryable(kept),
        400..=499 if names_what_may_come(kind, &lower) => Outcome::Retryable(kept),
        _ => Outcome::Rejected(kept),
    }
}

/// Whether an answer is about who we are.
pub(crate) fn is_key_refused(answer: &Answer) -> bool {
    let text = answer.text.to_lowercase();
    match answer.status {
        Some(401 | 403) => true,
        Some(400..=499) => WRONG_PLAYER_WORDS.iter().any(|words| text.contains(words)),
        _ => false,
    }
}

/// Whether a rejection is about the stage before, which the next block can confirm (InvalidPrecommit, InvalidBenchmark).
fn names_what_may_come(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Proof => text.contains("precommit") || text.contains("benchmark"),
        Kind::Benchmark => text.contains("precommit"),
        Kind::Precommit => false,
    }
}

/// An answer of 200 can say that the proof is wrong. One that says nothing of the kind does not raise an alarm.
fn verdict(body: &[u8]) -> Verified {
    let response: Result<SubmitProofResponse, _> = serde_json::from_slice(body);
    response.map_or(Verified::Ok, |response| response.verified)
}

fn shown(text: &str) -> String {
    let printable = text.chars().map(|character| {
        if character.is_control() {
            ' '
        } else {
            character
        }
    });
    printable.take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind::{Benchmark, Precommit, Proof};

    fn answer(kind: Kind, status: u16, text: &str) -> &'static str {
        classify(kind, &Ok(HttpAnswer::new(status, text))).name()
    }

    fn failure(kind: Kind, failure: HttpFailureKind) -> &'static str {
        classify(kind, &Err(HttpFailure::new(failure, ""))).name()
    }

    const CASES: &[(Kind, u16, &str, &str)] = &[
        (Precommit, 200, r#"{"benchmark_id":"c0ffee"}"#, "accepted"),
        (Benchmark, 200, r#"{"ok":true}"#, "accepted"),
        (Proof, 200, r#"{"verified":{"Ok":null}}"#, "accepted"),
        (Proof, 200, r#"{"verified":"ok"}"#, "accepted"),
        (Proof, 200, r#"{"verified":null}"#, "accepted"),
        (Proof, 200, "", "accepted"),
        (
            Proof,
            200,
            r#"{"verified":{"Err":"invalid merkle proof for nonce 7"}}"#,
            "fraud",
        ),
        (
            Proof,
            200,
            r#"{"verified":"invalid solution for nonce 7"}"#,
            "fraud",
        ),
        (
            Precommit,
            400,
            "a benchmark with these settings exists: {}",
            "accepted",
        ),
        (
            Benchmark,
            400,
            "benchmark c0ffee was already submitted",
            "accepted",
        ),
        (Proof, 400, "Duplicate proof: c0ffee", "accepted"),
        (
            Benchmark,
            400,
            "precommit c0ffee does not exist or is not confirmed",
            "retryable",
        ),
        (
            Proof,
            400,
            "benchmark c0ffee does not exist or is not confirmed",
            "retryable",
        ),
        (
            Benchmark,
            400,
            "invalid nonce 11: it must be less than 10",
            "rejected",
        ),
        (
            Proof,
            400,
            "invalid proof nonces: expected [1], submitted [2]",
            "rejected",
        ),
        (
            Precommit,
            400,
            "insufficient fee balance: the fee is 2, the available balance is 1",
            "rejected",
        ),
        (Precommit, 429, "too many requests", "retryable"),
        (Benchmark, 429, "too many requests", "retryable"),
        (Proof, 408, "", "retryable"),
        (Precommit, 408, "", "unknown"),
        (Proof, 503, "", "retryable"),
        (Precommit, 502, "", "unknown"),
        (Benchmark, 401, "bad key", "retryable"),
        (Proof, 403, "bad key", "retryable"),
        (Precommit, 401, "bad key", "rejected"),
        (
            Benchmark,
            400,
            "wrong submitting player: expected 0x1, got 0x2",
            "retryable",
        ),
        (Proof, 400, "InvalidSubmittingPlayer", "retryable"),
        (
            Precommit,
            400,
            "wrong submitting player: expected 0x1, got 0x2",
            "rejected",
        ),
    ];

    #[test]
    fn answers_are_classified_by_kind_status_and_text() {
        for &(kind, status, text, expected) in CASES {
            assert_eq!(
                answer(kind, status, text),
                expected,
                "{kind} {status} {text}"
            );
        }
    }

    #[test]
    fn only_a_precommit_that_never_arrived_is_resent() {
        for kind in [
            HttpFailureKind::Timeout,
            HttpFailureKind::TooLarge,
            HttpFailureKind::Other,
        ] {
            assert_eq!(failure(Kind::Precommit, kind), "unknown");
            assert_eq!(failure(Kind::Proof, kind), "retryable");
        }
        for kind in Kind::ALL {
            let limited = failure(kind, HttpFailureKind::RateLimited);
            assert_eq!(limited, "rate_limited", "{kind}");
        }
        assert_eq!(
            failure(Kind::Precommit, HttpFailureKind::Connect),
            "retryable"
        );
    }
}
