//! The statuses that the facilitator has not answered yet, in the order in which they came.
//!
//! One is under way at a time, since answers do not say what they answer (section 10.10). The statuses of a job keep their
//! order; those of other jobs go before one that has to wait.

use std::collections::{BTreeMap, BTreeSet};

use horde_proto::facilitator::{JobStatus, Response, ResponseError, ResponseStatus};
use serde::{Deserialize, Serialize};

/// Milliseconds after which a status is given up. The facilitator gives up its job after 5 min 30 s.
pub(crate) const STATUS_AGE_MS_MAX: u64 = 3_600_000;
/// Statuses that wait; beyond, the oldest are given up.
const STATUSES_COUNT_MAX: usize = 10_000;
/// Bytes of all statuses that wait; beyond, the oldest are given up.
const STATUSES_BYTES_MAX: u64 = 64 << 20;
/// Milliseconds for which a status is sent again whose job the facilitator does not know yet.
const NOT_FOUND_MS_MAX: u64 = 30_000;
/// Pause before a status is sent again that was answered with an error, in milliseconds.
const RETRY_MS: u64 = 1_000;
/// Longest pause of a status that was often without an answer, in milliseconds: one that breaks each connection must not keep the
/// others from being sent.
const LOST_PAUSE_MS_MAX: u64 = 300_000;
/// Errors after which a status is given up, but for a job that the facilitator does not know yet.
const ERRORS_COUNT_MAX: u32 = 5;
/// Errors of these kinds are of the connection, not of a status.
const AUTH_KINDS: &str = "auth.";

/// A status that waits for its answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Entry {
    pub(crate) uuid: String,
    pub(crate) status: JobStatus,
    /// In Unix milliseconds.
    queued_ms: u64,
    /// Of its metadata.
    bytes: u64,
    /// When it may be sent, in Unix milliseconds.
    next_ms: u64,
    /// Connections that ended before its answer came.
    losses: u32,
    errors: u32,
    /// Since when the facilitator says that it does not know the job, in Unix milliseconds.
    not_found_ms: Option<u64>,
}

/// What is to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// This one, now.
    Send(u64),
    /// None before this time, in Unix milliseconds.
    Wait(u64),
    /// None.
    Nothing,
}

/// What follows an answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The facilitator has the status.
    Done(u64),
    /// It is sent again later.
    Later(u64),
    /// It is given up.
    GivenUp(u64),
    /// The facilitator does not take this validator for authenticated.
    Unauthenticated,
    /// No status is under way.
    Unexpected,
}

/// All statuses that wait, by number.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(crate) struct Queue {
    entries: BTreeMap<u64, Entry>,
    /// The one that was sent on the present connection.
    in_flight: Option<u64>,
    /// The next number.
    next: u64,
}

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    /// When the first one came, in Unix milliseconds.
    pub(crate) fn oldest_ms(&self) -> Option<u64> {
        let first = self.entries.first_key_value();
        first.map(|(_, entry)| entry.queued_ms)
    }

    /// The number of the next one.
    pub(crate) fn next_number(&self) -> u64 {
        self.next
    }

    pub(crate) fn insert(
        &mut self,
        number: u64,
        (uuid, status): (String, JobStatus),
        queued_ms: u64,
        bytes: u64,
    ) {
        let entry = Entry {
            uuid,
            status,
            queued_ms,
            bytes,
            next_ms: 0,
            losses: 0,
            errors: 0,
            not_found_ms: None,
        };
        self.entries.insert(number, entry);
        self.next = self.next.max(number.saturating_add(1));
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<Entry> {
        self.in_flight = self.in_flight.filter(|under_way| *under_way != number);
        self.entries.remove(&number)
    }

    /// Those that are too old or too many, the oldest first. One that is under way is left until its answer is there.
    pub(crate) fn surplus(&self, now_ms: u64) -> Vec<u64> {
        let mut count = self.entries.len();
        let mut bytes: u64 = self.entries.values().map(|entry| entry.bytes).sum();
        let mut surplus = Vec::new();
        for (number, entry) in &self.entries {
            let is_old = now_ms.saturating_sub(entry.queued_ms) > STATUS_AGE_MS_MAX;
            let is_too_many = count > STATUSES_COUNT_MAX || bytes > STATUSES_BYTES_MAX;
            if (is_old || is_too_many) && self.in_flight != Some(*number) {
                surplus.push(*number);
                count -= 1;
                bytes -= entry.bytes;
            }
        }
        surplus
    }

    /// What is to be sent if none is under way.
    pub(crate) fn next_due(&self, now_ms: u64) -> Next {
        if self.in_flight.is_some() {
            return Next::Nothing;
        }
        let mut waiting = BTreeSet::new();
        let mut first_ms = None;
        for (number, entry) in &self.entries {
            if waiting.contains(entry.uuid.as_str()) {
                continue;
            }
            if entry.next_ms <= now_ms {
                return Next::Send(*number);
            }
            waiting.insert(entry.uuid.as_str());
            let first = first_ms.unwrap_or(entry.next_ms);
            first_ms = Some(entry.next_ms.min(first));
        }
        first_ms.map_or(Next::Nothing, Next::Wait)
    }

    /// This one was sent.
    pub(crate) fn send(&mut self, number: u64) {
        self.in_flight = Some(number);
    }

    /// The connection has ended. What was under way is sent again on the next one, at once the first time, and then after pauses.
    pub(crate) fn lose_connection(&mut self, now_ms: u64) {
        let lost = self.in_flight.take();
        if let Some(entry) = lost.and_then(|number| self.entries.get_mut(&number)) {
            let pause_ms = match entry.losses {
                0 => 0,
                losses => LOST_PAUSE_MS_MAX.min(RETRY_MS << losses.min(16)),
            };
            entry.next_ms = now_ms + pause_ms;
            entry.losses = entry.losses.saturating_add(1);
        }
    }

    /// The facilitator has answered. The entry itself is left for the caller to [remove](Self::remove).
    pub(crate) fn answer(&mut self, response: &Response, now_ms: u64) -> Verdict {
        let has = |kind: &str| response.errors.iter().any(|error| error.kind == kind);
        let is_of_auth = |error: &ResponseError| error.kind.starts_with(AUTH_KINDS);
        if response.errors.iter().any(is_of_auth) {
            return Verdict::Unauthenticated;
        }
        let Some(number) = self.in_flight.take() else {
            return Verdict::Unexpected;
        };
        let Some(entry) = self.entries.get_mut(&number) else {
            return Verdict::Unexpected;
        };
        let is_done = response.status == ResponseStatus::Success;
        if is_done || has(ResponseError::INTEGRITY_ERROR) {
            return Verdict::Done(number);
        }
        entry.next_ms = now_ms + RETRY_MS;
        let is_over = if has(ResponseError::JOB_NOT_FOUND) {
            let since_ms = *entry.not_found_ms.get_or_insert(now_ms);
            now_ms.saturating_sub(since_ms) >= NOT_FOUND_MS_MAX
        } else {
            entry.errors += 1;
            entry.errors >= ERRORS_COUNT_MAX
        };
        match is_over {
            true => Verdict::GivenUp(number),
            false => Verdict::Later(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(uuids: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for uuid in uuids {
            let entry = ((*uuid).to_owned(), JobStatus::Completed);
            queue.insert(queue.next_number(), entry, 0, 10);
        }
        queue
    }

    fn error(kind: &str) -> Response {
        let text = format!(r#"{{"status":"error","errors":[{{"msg":"m","type":"{kind}"}}]}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn one_status_is_under_way() {
        let mut queue = queue(&["a", "b"]);
        assert_eq!(queue.next_due(0), Next::Send(0));
        queue.send(0);
        assert_eq!(queue.next_due(0), Next::Nothing);
        let success = serde_json::from_str(r#"{"status":"success"}"#).unwrap();
        assert_eq!(queue.answer(&success, 0), Verdict::Done(0));
        queue.remove(0);
        assert_eq!(queue.next_due(0), Next::Send(1));
        assert_eq!(queue.answer(&success, 0), Verdict::Unexpected);
    }

    #[test]
    fn waiting_status_holds_up_its_own_job_only() {
        let mut queue = queue(&["a", "a", "b"]);
        queue.send(0);
        let verdict = queue.answer(&error("job.not_found"), 5);
        assert_eq!(verdict, Verdict::Later(0));
        assert_eq!(queue.next_due(5), Next::Send(2));
        queue.remove(2);
        assert_eq!(queue.next_due(5), Next::Wait(1_005));
        assert_eq!(queue.next_due(1_005), Next::Send(0));
    }

    #[test]
    fn unknown_job_is_tried_for_half_a_minute() {
        let mut queue = queue(&["a"]);
        let mut answer = |now_ms| {
            queue.send(0);
            queue.answer(&error("job.not_found"), now_ms)
        };
        assert_eq!(answer(1_000), Verdict::Later(0));
        assert_eq!(answer(30_999), Verdict::Later(0));
        assert_eq!(answer(31_000), Verdict::GivenUp(0));
    }

    #[test]
    fn unauthenticated_answer_keeps_the_status() {
        let mut queue = queue(&["a"]);
        queue.send(0);
        for kind in ["auth.not_authenticated", "auth.validator_not_found"] {
            assert_eq!(queue.answer(&error(kind), 0), Verdict::Unauthenticated);
        }
        assert_eq!(queue.in_flight, Some(0));
    }

    #[test]
    fn other_errors_are_bounded() {
        let mut queue = queue(&["a"]);
        let mut answer = || {
            queue.send(0);
            queue.answer(&error("value_error"), 0)
        };
        for _ in 1..ERRORS_COUNT_MAX {
            assert_eq!(answer(), Verdict::Later(0));
        }
        assert_eq!(answer(), Verdict::GivenUp(0));
    }

    #[test]
    fn status_that_breaks_connections_lets_others_pass() {
        let mut queue = queue(&["a", "b"]);
        queue.send(0);
        queue.lose_connection(0);
        assert_eq!(queue.next_due(0), Next::Send(0));
        queue.send(0);
        queue.lose_connection(0);
        assert_eq!(queue.next_due(0), Next::Send(1));
        queue.remove(1);
        assert_eq!(queue.next_due(0), Next::Wait(2_000));
    }

    #[test]
    fn old_and_surplus_statuses_are_named() {
        let mut queue = queue(&["a", "b"]);
        assert!(queue.surplus(STATUS_AGE_MS_MAX).is_empty());
        assert_eq!(queue.surplus(STATUS_AGE_MS_MAX + 1), [0, 1]);
        queue.send(0);
        assert_eq!(queue.surplus(STATUS_AGE_MS_MAX + 1), [1]);
        let big = ("c".to_owned(), JobStatus::Failed);
        queue.insert(2, big, 0, STATUSES_BYTES_MAX);
        assert_eq!(queue.surplus(0), [1, 2]);
        queue.remove(0);
        for number in 3..=STATUSES_COUNT_MAX as u64 {
            queue.insert(number, ("d".to_owned(), JobStatus::Failed), 0, 0);
        }
        queue.remove(2);
        queue.insert(2, ("e".to_owned(), JobStatus::Failed), 0, 0);
        queue.insert(20_000, ("f".to_owned(), JobStatus::Failed), 0, 0);
        assert_eq!(queue.surplus(0), [1]);
    }
}
