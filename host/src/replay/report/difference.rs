//! The first difference between two decisions, in words. Pure.
//!
//! Invariant: every text is bounded, on one line, and without anything that steers a terminal. Secrets are covered before they come here.

use tig_plugin_api::HttpReply;
use tig_recording::Outcome;

use super::compared::{Decision, Effect, is_same};
use super::effect::{Words, words};
use super::shown;
use crate::runtime::shadow::values::differing_lines;

/// Values of a body that are shown.
const DIFFERENCE_VALUES_COUNT_MAX: usize = 12;

/// Characters of a line about a value: a path and two values.
const VALUE_LINE_CHARS_MAX: usize = 400;

/// What the replay has done otherwise than the recording.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Difference {
    /// A sentence without its subject, which is the replayed extension: "emits `x` 1, not 2".
    pub text: String,
    /// The values that differ, if both bodies are JSON: "path: 1, not 2".
    pub values: Vec<String>,
    /// Number of further values that differ.
    pub values_more: usize,
}

impl Difference {
    fn new(text: String) -> Self {
        Self {
            text,
            values: Vec::new(),
            values_more: 0,
        }
    }

    /// Text of a difference within two bodies, if they are JSON with parts.
    fn in_values(head: &str, recorded: &[u8], replayed: &[u8]) -> Option<Self> {
        let lines = differing_lines(recorded, replayed)?;
        let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let values_more = lines.len().saturating_sub(DIFFERENCE_VALUES_COUNT_MAX);
        let lines = lines.iter().take(DIFFERENCE_VALUES_COUNT_MAX);
        Some(Self {
            text: format!("{head} with {}", shown::count(count, "other value")),
            values: lines
                .map(|line| shown::cut(line, VALUE_LINE_CHARS_MAX))
                .collect(),
            values_more,
        })
    }
}

/// The first difference; `None` if both did the same bit for bit.
#[must_use]
pub(crate) fn difference(recorded: Decision<'_>, replayed: Decision<'_>) -> Option<Difference> {
    if is_same(recorded, replayed) {
        return None;
    }
    let found = in_success(recorded.outcome, replayed.outcome)
        .or_else(|| {
            let expected: Vec<_> = recorded.effects().collect();
            let found: Vec<_> = replayed.effects().collect();
            in_effects(&expected, &found)
        })
        .unwrap_or_else(|| in_reply(recorded.outcome, replayed.outcome));
    Some(found)
}

/// The difference if one of them fails.
fn in_success(recorded: &Outcome<'_>, replayed: &Outcome<'_>) -> Option<Difference> {
    let text = match (failure(recorded), failure(replayed)) {
        (None, None) => return None,
        (None, Some(replayed)) => replayed,
        (Some(recorded), None) => format!("succeeds, the recorded one {recorded}"),
        (Some(recorded), Some(replayed)) => format!("{replayed}, the recorded one {recorded}"),
    };
    Some(Difference::new(text))
}

fn failure(outcome: &Outcome<'_>) -> Option<String> {
    match outcome {
        Outcome::Done | Outcome::Replied(_) => None,
        Outcome::Failed(reason) => Some(format!("fails: {}", shown::text(reason))),
        Outcome::Panicked(reason) => Some(format!("panics: {}", shown::text(reason))),
    }
}

fn in_effects(expected: &[Effect<'_>], found: &[Effect<'_>]) -> Option<Difference> {
    let same = expected
        .iter()
        .zip(found)
        .take_while(|(one, other)| one == other);
    let at = same.count();
    let (expected_rest, found_rest) = (&expected[at..], &found[at..]);
    let text = match (expected_rest.first(), found_rest.first()) {
        (None, None) => return None,
        (Some(one), None) => missing(one, expected, found),
        (None, Some(other)) => further(other, expected, found),
        (Some(one), Some(other)) => {
            let is_late = found_rest.contains(one);
            let is_early = expected_rest.contains(other);
            match (is_early, is_late) {
                (true, true) => format!(
                    "{} before it {}",
                    words(*other).phrase(),
                    words(*one).phrase()
                ),
                (true, false) => missing(one, expected, found),
                (false, true) => further(other, expected, found),
                (false, false) => return Some(changed(*one, *other)),
            }
        }
    };
    Some(Difference::new(text))
}

fn missing(effect: &Effect<'_>, expected: &[Effect<'_>], found: &[Effect<'_>]) -> String {
    let phrase = words(*effect).phrase();
    let times = |effects: &[Effect<'_>]| effects.iter().filter(|it| *it == effect).count();
    match times(found) {
        0 => format!("no longer {phrase}"),
        count => format!("{phrase}: {count} times, not {}", times(expected)),
    }
}

fn further(effect: &Effect<'_>, expected: &[Effect<'_>], found: &[Effect<'_>]) -> String {
    let phrase = words(*effect).phrase();
    let times = |effects: &[Effect<'_>]| effects.iter().filter(|it| *it == effect).count();
    match times(expected) {
        0 => format!("also {phrase}"),
        count => format!("{phrase}: {} times, not {count}", times(found)),
    }
}

/// One effect in the place of another.
fn changed(expected: Effect<'_>, found: Effect<'_>) -> Difference {
    let (expected_words, found_words) = (words(expected), words(found));
    if expected_words.head != found_words.head {
        return Difference::new(format!(
            "{}, not {}",
            found_words.phrase(),
            expected_words.phrase()
        ));
    }
    let head = &found_words.head;
    let (one, other) = (&expected_words.body, &found_words.body);
    let in_values = || Difference::in_values(head, one, other);
    in_values().unwrap_or_else(|| Difference::new(rests(&expected_words, &found_words)))
}

/// Two effects of the same head.
fn rests(expected: &Words<'_>, found: &Words<'_>) -> String {
    let (one, other) = (expected.rest.as_ref(), found.rest.as_ref());
    let head = &found.head;
    if one != other {
        let shown = |rest: Option<&String>| rest.map_or("nothing".to_owned(), Clone::clone);
        return format!("{head} {}, not {}", shown(other), shown(one));
    }
    match first_difference(&expected.body, &found.body) {
        Some(at) => format!("{} with another body from byte {at}", found.head),
        None => format!("{} with other headers, limits or form", found.head),
    }
}

/// Place of the first byte that differs, from 1.
fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    (one != other).then_some(same + 1)
}

/// The difference of two successes with the same effects.
fn in_reply(recorded: &Outcome<'_>, replayed: &Outcome<'_>) -> Difference {
    let reply = |outcome: &Outcome<'_>| match outcome {
        Outcome::Replied(reply) => Some(HttpReply::decode(reply)),
        _ => None,
    };
    let text = match (reply(recorded), reply(replayed)) {
        (Some(Ok(one)), Some(Ok(other))) => {
            if one.status == other.status
                && let Some(found) = Difference::in_values(
                    &format!("replies {}", one.status),
                    &one.body,
                    &other.body,
                )
            {
                return found;
            }
            replies(&one, &other)
        }
        (Some(_), None) => "does not reply".to_owned(),
        (None, Some(Ok(reply))) => {
            let (status, body) = (reply.status, shown::body(&reply.body));
            format!("replies {status} {body}, the recorded one does not reply")
        }
        (None, Some(Err(_))) => "replies, the recorded one does not".to_owned(),
        (Some(_), Some(_)) => "gives another reply".to_owned(),
        (None, None) => "ends otherwise".to_owned(),
    };
    Difference::new(text)
}

fn replies(one: &HttpReply, other: &HttpReply) -> String {
    let text = |reply: &HttpReply| format!("{} {}", reply.status, shown::body(&reply.body));
    let (expected, found) = (text(one), text(other));
    if expected != found {
        return format!("replies {found}, not {expected}");
    }
    match first_difference(&one.body, &other.body) {
        Some(at) => format!("replies {} with another body from byte {at}", one.status),
        None => format!("replies {} with other headers or another hold", one.status),
    }
}

#[cfg(test)]
mod tests;
