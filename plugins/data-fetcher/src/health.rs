//! How the API does, as an operator sees it: when it answered, how fast, and since when it does not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tig_plugin_api::HttpAnswer;

use crate::failure::Failure;

/// Failures in a row from which on the API counts as away: one alone happens on any day.
const FAILURES_TO_TELL: u32 = 2;

/// A single failure that has taken so long counts like several.
const SLOW_FAILURE_MS: u64 = 10_000;

/// A clock that differs by more from that of the API is wrong, besides the time of the request.
const CLOCK_OFF_MS_MAX: u64 = 30_000;

/// A failure that stays for the operator to see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) class: Class,
    pub(crate) text: String,
    pub(crate) advice: &'static str,
    pub(crate) at_ms: u64,
}

/// Kinds of trouble that an operator handles in different ways.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    /// No answer.
    Unreachable,
    /// The API does not want us.
    Refused,
    /// Answers that are of no use.
    Unusable,
}

/// What is known since the instance was made.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// When the running round was begun.
    begun_ms: u64,
    pub(crate) last_ok_ms: Option<u64>,
    /// Of the last answer to the first request of a round.
    pub(crate) latency_ms: Option<u64>,
    /// In a row.
    pub(crate) failures: u32,
    pub(crate) failing_since_ms: Option<u64>,
    pub(crate) last_trouble: Option<Trouble>,
    is_slow_failure: bool,
    /// Milliseconds that the API's clock is ahead of ours.
    pub(crate) clock_ahead_ms: Option<i64>,
    is_clock_off: bool,
}

impl Health {
    pub(crate) fn began(&mut self, now_ms: u64) {
        self.begun_ms = now_ms;
    }

    /// The first request of a round was answered.
    pub(crate) fn answered(&mut self, now_ms: u64, answer: &HttpAnswer) {
        let latency_ms = now_ms.saturating_sub(self.begun_ms);
        self.latency_ms = Some(latency_ms);
        if let Some(api_ms) = unix_ms(answer) {
            let ahead_ms = i128::from(api_ms) - i128::from(now_ms);
            let ahead_ms = i64::try_from(ahead_ms).unwrap_or(i64::MAX);
            self.clock_ahead_ms = Some(ahead_ms);
            let off_ms = ahead_ms.unsigned_abs();
            self.is_clock_off = off_ms > CLOCK_OFF_MS_MAX.saturating_add(latency_ms);
        }
    }

    pub(crate) fn succeeded(&mut self, now_ms: u64) {
        self.last_ok_ms = Some(now_ms);
        self.failures = 0;
        self.failing_since_ms = None;
    }

    pub(crate) fn failed(&mut self, now_ms: u64, failure: &Failure) {
        let Some(class) = class(failure) else {
            return;
        };
        self.failures = self.failures.saturating_add(1);
        self.failing_since_ms.get_or_insert(now_ms);
        self.is_slow_failure = now_ms.saturating_sub(self.begun_ms) >= SLOW_FAILURE_MS;
        self.last_trouble = Some(Trouble {
            class,
            text: failure.to_string(),
            advice: failure.advice(),
            at_ms: now_ms,
        });
    }

    /// What keeps the API from being read now.
    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        let is_away = self.failures >= FAILURES_TO_TELL
            || (self.failures > 0 && self.is_slow_failure)
            // A refusal does not pass by itself.
            || (self.failures > 0 && self.was_refused());
        self.last_trouble.as_ref().filter(|_| is_away)
    }

    /// Milliseconds that the API's clock is ahead of ours, if one of them is wrong.
    pub(crate) fn clock_off_ms(&self) -> Option<i64> {
        self.clock_ahead_ms.filter(|_| self.is_clock_off)
    }

    fn was_refused(&self) -> bool {
        let trouble = self.last_trouble.as_ref();
        trouble.is_some_and(|trouble| trouble.class == Class::Refused)
    }
}

/// `None` if nothing has failed.
fn class(failure: &Failure) -> Option<Class> {
    match failure {
        Failure::Limited { .. } => None,
        Failure::NoAnswer { .. } | Failure::Overdue { .. } => Some(Class::Unreachable),
        Failure::Status {
            status: 401 | 403, ..
        } => Some(Class::Refused),
        Failure::Status { .. }
        | Failure::Body { .. }
        | Failure::BadId { .. }
        | Failure::Regression { .. } => Some(Class::Unusable),
    }
}

/// The time at which an answer was made, and that it has been in caches since.
fn unix_ms(answer: &HttpAnswer) -> Option<u64> {
    let made: SystemTime = httpdate::parse_http_date(answer.header("date")?).ok()?;
    let age_s = answer.header("age").and_then(|age| age.parse().ok());
    let seen = made.checked_add(Duration::from_secs(age_s.unwrap_or_default()))?;
    let since = seen.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}
