//! The answer of `GET /slaves`.

use serde::Serialize;

use crate::State;
use crate::batches::Version;
use crate::quarantine::{Evidence, Quarantine, Sentence};
use crate::slaves::Slave;

/// Why batches wait, or do not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Waiting {
    /// There is nothing to hand out.
    NoBatches,
    /// No slave has asked for a minute.
    NoSlaves,
    /// The slaves have work.
    SlavesBusy,
}

/// What a slave can expect.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Welcome,
    /// Too much went wrong in a row: it gets no work for a while.
    Resting,
    Quarantined,
}

/// Body of `GET /slaves`.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    queued: usize,
    priority: usize,
    audits: usize,
    leased: usize,
    waiting: Waiting,
    slaves: Vec<SlaveReport<'a>>,
    quarantined: Vec<SentenceReport<'a>>,
}

#[derive(Serialize)]
struct SlaveReport<'a> {
    name: &'a str,
    standing: Standing,
    batches: u64,
    nonces: u64,
    nonces_per_second: f64,
    errors: u64,
    failures: u64,
    last_error: Option<&'a str>,
    leased: usize,
    last_seen_ms_ago: u64,
    cannot_run: Vec<InabilityReport<'a>>,
}

#[derive(Serialize)]
struct InabilityReport<'a> {
    algorithm_id: &'a str,
    reason: &'a str,
    ends_in_ms: u64,
}

#[derive(Serialize)]
struct SentenceReport<'a> {
    name: &'a str,
    reason: &'a str,
    ends_in_ms: u64,
    evidence: &'a [Evidence],
}

impl<'a> Report<'a> {
    pub(crate) fn new(state: &'a State, quarantine: &'a Quarantine, now_ms: u64) -> Self {
        let queue = &state.queue;
        let slave = |name: &'a str, slave: &'a Slave| SlaveReport {
            name,
            standing: standing(name, slave, quarantine, now_ms),
            batches: slave.batches,
            nonces: slave.nonces,
            nonces_per_second: slave.rate(now_ms),
            errors: slave.errors,
            failures: slave.failures,
            last_error: slave.last_error.as_deref(),
            leased: queue.num_leased_to(name),
            last_seen_ms_ago: now_ms.saturating_sub(slave.last_seen_ms),
            cannot_run: inabilities(slave, now_ms),
        };
        let sentence = |name: &'a str, sentence: &'a Sentence| SentenceReport {
            name,
            reason: &sentence.reason,
            ends_in_ms: sentence.until_ms.saturating_sub(now_ms),
            evidence: &sentence.evidence,
        };
        Self {
            queued: queue.num_queued(),
            priority: queue.num_queued_of(Version::Proof),
            audits: queue.num_queued_of(Version::Audit),
            leased: queue.num_leased(),
            waiting: waiting(state, now_ms),
            slaves: state
                .slaves
                .iter()
                .map(|(name, stats)| slave(name, stats))
                .collect(),
            quarantined: quarantine
                .iter()
                .map(|(name, its)| sentence(name, its))
                .collect(),
        }
    }
}

fn inabilities(slave: &Slave, now_ms: u64) -> Vec<InabilityReport<'_>> {
    let current = slave.cannot_run.current(now_ms);
    let report = current.map(|of| InabilityReport {
        algorithm_id: &of.algorithm_id,
        reason: &of.reason,
        ends_in_ms: of.until_ms.saturating_sub(now_ms),
    });
    report.collect()
}

pub(crate) fn waiting(state: &State, now_ms: u64) -> Waiting {
    if state.queue.num_queued() == 0 {
        Waiting::NoBatches
    } else if state.slaves.num_present(now_ms) == 0 {
        Waiting::NoSlaves
    } else {
        Waiting::SlavesBusy
    }
}

fn standing(name: &str, slave: &Slave, quarantine: &Quarantine, now_ms: u64) -> Standing {
    if quarantine.get(name, now_ms).is_some() {
        Standing::Quarantined
    } else if now_ms < slave.resting_until_ms {
        Standing::Resting
    } else {
        Standing::Welcome
    }
}
