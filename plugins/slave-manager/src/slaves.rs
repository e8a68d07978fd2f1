//! Who has asked for work, and what became of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tig_plugin_api::{HttpRequest, Result, bail};
use tig_protocol::{Backoff, Recent};

use crate::REFUSALS_MAX;
use crate::cannot_run::CannotRun;
use crate::rate::Rates;

/// Name of a slave.
pub(crate) type Name = Arc<str>;

/// Slaves remembered; beyond them the half that has been unseen for longer is forgotten.
const SLAVES_MAX: usize = 20_000;

/// Characters of a name that are kept.
pub(crate) const NAME_CHARS_MAX: usize = 64;

/// Characters of a slave's own words that are kept.
const REASON_CHARS_MAX: usize = 200;

/// A slave seen so lately is taken to be there.
pub(crate) const PRESENT_MS: u64 = 60_000;

/// Failures in a row from which on a slave gets pauses, that others may have its work.
pub(crate) const FAILURES_TO_REST: u32 = 3;

/// Results that contradict roots known to `job_manager` count together within this time. A result that it takes says nothing of the others: it
/// may be the root of a slave that contradicts itself with each proof.
pub(crate) const DISPROOFS_MS: u64 = 24 * 3_600_000;

/// Times remembered of such results, the newest.
const DISPROOFS_COUNT_MAX: usize = REFUSALS_MAX as usize;

/// The first pause; it doubles with each further failure.
const REST_MS_MIN: u64 = 5_000;

/// The longest pause.
const REST_MS_MAX: u64 = 600_000;

const REST: Backoff = Backoff::from_millis(REST_MS_MIN, REST_MS_MAX);

/// The rate in `GET /slaves` is measured over about this time.
const RATE_MS: u64 = 300_000;

type RecentNonces = Recent<RATE_MS>;

/// Statistics since the slave was first seen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Slave {
    /// Good results.
    pub(crate) batches: u64,
    /// Nonces in them.
    pub(crate) nonces: u64,
    /// Results refused.
    pub(crate) errors: u64,
    /// Batches given back.
    pub(crate) failures: u64,
    /// Refused results and failures since the last good result.
    pub(crate) in_a_row: u32,
    /// Of them the refused results: who only gives batches back does no harm.
    #[serde(default)]
    pub(crate) refused_in_a_row: u32,
    /// When results that were taken here contradicted roots known to `job_manager`, the oldest first.
    #[serde(default)]
    disproved_ms: VecDeque<u64>,
    /// Algorithms that it has said it cannot run.
    #[serde(default)]
    pub(crate) cannot_run: CannotRun,
    pub(crate) last_error: Option<String>,
    pub(crate) last_seen_ms: u64,
    pub(crate) resting_until_ms: u64,
    pub(crate) first_seen_ms: u64,
    /// A batch has come back without it since it was last heard of.
    #[serde(default)]
    pub(crate) has_lost_lease: bool,
    /// It has said that it stops, and has not asked since.
    #[serde(default)]
    pub(crate) has_left: bool,
    #[serde(default)]
    pub(crate) rates: Rates,
    // The two make a `RecentNonces`. Earlier versions have them so too, and a reload may go to one of those and back.
    /// Nonces, those long ago counted less, as of the last good result.
    recent_nonces: f64,
    last_result_ms: u64,
}

impl Slave {
    pub(crate) fn delivered(&mut self, num_nonces: u64, now_ms: u64) {
        self.recent_nonces = self.recent().at(now_ms) + num_nonces as f64;
        self.last_result_ms = now_ms;
        self.rates.add_nonces(num_nonces, now_ms);
        self.batches += 1;
        self.nonces += num_nonces;
        self.end_row();
    }

    /// What has gone wrong in a row no longer counts.
    fn end_row(&mut self) {
        (self.in_a_row, self.refused_in_a_row) = (0, 0);
    }

    /// Something sent under this name was refused, perhaps sent by somebody else.
    pub(crate) fn refused(&mut self, reason: &str) {
        self.errors += 1;
        self.last_error = Some(reason.to_owned());
    }

    /// Its result was refused. Returns how many were, since the last good one.
    pub(crate) fn result_refused(&mut self, reason: &str, now_ms: u64) -> u32 {
        self.errors += 1;
        self.refused_in_a_row = self.refused_in_a_row.saturating_add(1);
        self.went_wrong(reason, now_ms);
        self.refused_in_a_row
    }

    /// Its result, which had ended the row when it was taken here, contradicts a root known to `job_manager`. Returns how many
    /// did so lately.
    pub(crate) fn result_disproved(&mut self, reason: &str, now_ms: u64) -> usize {
        self.refused(reason);
        if self.disproved_ms.len() >= DISPROOFS_COUNT_MAX {
            self.disproved_ms.pop_front();
        }
        self.disproved_ms.push_back(now_ms);
        let is_recent = |at_ms: &&u64| now_ms.saturating_sub(**at_ms) < DISPROOFS_MS;
        self.disproved_ms.iter().filter(is_recent).count()
    }

    /// Whatever has gone wrong no longer counts.
    pub(crate) fn pardon(&mut self) {
        self.end_row();
        self.disproved_ms.clear();
        self.resting_until_ms = 0;
    }

    pub(crate) fn failed(&mut self, reason: &str, now_ms: u64) {
        self.failures += 1;
        self.went_wrong(reason, now_ms);
    }

    /// It gave a batch back because it cannot run this algorithm for so long, which says nothing of other algorithms.
    /// Returns until when it gets no batch of it, and whether the reason is another than before.
    pub(crate) fn cannot_run(
        &mut self,
        algorithm_id: &str,
        reason: &str,
        retry_ms: u64,
        now_ms: u64,
    ) -> (u64, bool) {
        self.failures += 1;
        self.last_error = Some(reason.to_owned());
        self.cannot_run.add(algorithm_id, reason, retry_ms, now_ms)
    }

    /// Nonces per second, lately.
    pub(crate) fn rate(&self, now_ms: u64) -> f64 {
        self.recent().per_ms(self.first_seen_ms, now_ms) * 1_000.0
    }

    fn recent(&self) -> RecentNonces {
        RecentNonces::from_sum(self.recent_nonces, self.last_result_ms)
    }

    fn went_wrong(&mut self, reason: &str, now_ms: u64) {
        self.last_error = Some(reason.to_owned());
        self.in_a_row = self.in_a_row.saturating_add(1);
        if self.in_a_row >= FAILURES_TO_REST {
            let rest = REST.full_delay(self.in_a_row - FAILURES_TO_REST + 1);
            self.resting_until_ms = now_ms.saturating_add(rest.as_millis() as u64);
        }
    }
}

/// Slaves by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Slaves(BTreeMap<Name, Slave>);

impl Slaves {
    /// The slave of that name, which has just been seen.
    pub(crate) fn seen(&mut self, name: &Name, now_ms: u64) -> &mut Slave {
        if self.0.len() >= SLAVES_MAX && !self.0.contains_key(name) {
            self.forget_half();
        }
        let slave = self.0.entry(Arc::clone(name)).or_insert_with(|| Slave {
            first_seen_ms: now_ms,
            ..Slave::default()
        });
        // A clock that is set back makes no slave younger: its rates would be those of a moment.
        let set_back_ms = slave.last_seen_ms.saturating_sub(now_ms);
        slave.first_seen_ms = slave.first_seen_ms.saturating_sub(set_back_ms);
        slave.last_seen_ms = now_ms;
        (slave.has_lost_lease, slave.has_left) = (false, false);
        slave
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Slave> {
        self.0.get_mut(name)
    }

    pub(crate) fn is_present(&self, name: &str, now_ms: u64) -> bool {
        self.0
            .get(name)
            .is_some_and(|slave| now_ms.saturating_sub(slave.last_seen_ms) <= PRESENT_MS)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Slave> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, &Slave)> {
        self.0.iter()
    }

    /// Rarely, and then many: a flood of invented names costs little each.
    fn forget_half(&mut self) {
        let mut seen: Vec<u64> = self.0.values().map(|slave| slave.last_seen_ms).collect();
        seen.sort_unstable();
        let median = seen[seen.len() / 2];
        let mut left = seen.len() / 2;
        self.0.retain(|_, slave| {
            let is_old = left > 0 && slave.last_seen_ms <= median;
            left -= usize::from(is_old);
            !is_old
        });
    }
}

/// The slave's name is its `User-Agent`, without what could forge a line of the log. `None` if there is nothing left.
pub(crate) fn name(request: &HttpRequest) -> Option<Name> {
    let name = printable(request.header("user-agent")?.trim(), NAME_CHARS_MAX);
    (!name.is_empty()).then(|| name.as_ref().into())
}

/// The name that an operator states, if a slave can have it.
pub(crate) fn stated_name(text: &str) -> Result<Name> {
    let name = printable(text.trim(), NAME_CHARS_MAX);
    if name.is_empty() || name != text {
        bail!(
            "a slave's name has 1 to {NAME_CHARS_MAX} characters, no space at its ends and no control characters"
        );
    }
    Ok(name.as_ref().into())
}

/// A slave's own words, fit for one line of the log.
pub(crate) fn reason(text: &str) -> String {
    printable(text, REASON_CHARS_MAX).into_owned()
}

pub(crate) fn printable(text: &str, chars_max: usize) -> Cow<'_, str> {
    // Most texts are fit already, and each request has one.
    if text.len() <= chars_max && !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let printable = text.chars().filter(|character| !character.is_control());
    Cow::Owned(printable.take(chars_max).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_slave_has_its_rate_from_the_start() {
        let mut slaves = Slaves::default();
        let name: Name = "ann".into();
        for second in 0..3_600 {
            let slave = slaves.seen(&name, second * 1_000);
            slave.delivered(50, second * 1_000);
            if second > 10 {
                let rate = slave.rate(second * 1_000);
                assert!((45.0..56.0).contains(&rate), "{rate} after {second} s");
            }
        }
        let rate = slaves.seen(&name, 7_200_000).rate(7_200_000);
        assert!(rate < 1.0, "{rate} after an hour without results");
    }

    #[test]
    fn clock_set_back_keeps_the_rate() {
        const BEGIN_S: u64 = 1_700_000_000;
        let mut slaves = Slaves::default();
        let name: Name = "ann".into();
        let mut deliver = |nonces: u64, now_ms: u64| {
            let slave = slaves.seen(&name, now_ms);
            slave.delivered(nonces, now_ms);
            slave.rate(now_ms)
        };
        let first = deliver(4, BEGIN_S * 1_000);
        assert!(first < 1.0, "{first} by the first result");
        for second in BEGIN_S..BEGIN_S + 1_200 {
            deliver(50, second * 1_000);
        }
        for second in BEGIN_S - 500..BEGIN_S + 700 {
            let rate = deliver(50, second * 1_000);
            assert!((45.0..56.0).contains(&rate), "{rate} at {second} s");
        }
    }

    #[test]
    fn a_flood_of_names_forgets_those_unseen_for_longest() {
        let mut slaves = Slaves::default();
        for number in 0..SLAVES_MAX as u64 + 1 {
            slaves.seen(&Name::from(format!("slave{number}")), number);
        }
        assert_eq!(slaves.0.len(), SLAVES_MAX / 2 + 1);
        assert!(!slaves.0.contains_key("slave0"));
        assert!(slaves.0.contains_key(&*format!("slave{SLAVES_MAX}")));
    }
}
