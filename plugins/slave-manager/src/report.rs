//! The answer of `GET /slaves`.

use serde::Serialize;
use tig_plugin_api::PanelQuery;

use crate::batches::Version;
use crate::quarantine::{Evidence, Sentence};
use crate::slaves::Slave;
use crate::view::{Standing, View, Waiting};

/// Body of `GET /slaves`.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    queued: usize,
    priority: usize,
    audits: usize,
    leased: usize,
    waiting: Waiting,
    present: usize,
    busy: usize,
    /// Slaves that the query is about, with those that are left out.
    slaves_total: u64,
    slaves: Vec<SlaveReport<'a>>,
    quarantined: Vec<SentenceReport<'a>>,
    cordoned: Vec<&'a str>,
}

#[derive(Serialize)]
struct SlaveReport<'a> {
    name: &'a str,
    standing: Standing,
    batches: u64,
    nonces: u64,
    nonces_per_second: f64,
    nonces_per_second_1m: f64,
    nonces_per_second_15m: f64,
    busy_share: f64,
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
    pub(crate) fn new(view: &'a View<'_>, query: &PanelQuery) -> Self {
        let queue = &view.state.queue;
        let presence = view.presence();
        let all = view.state.slaves.iter();
        let found = all.filter(|(name, _)| query.finds([&***name]));
        let (slaves, slaves_total) =
            query.page(found, |(name, slave)| SlaveReport::new(view, name, slave));
        let sentence = |name: &'a str, sentence: &'a Sentence| SentenceReport {
            name,
            reason: &sentence.reason,
            ends_in_ms: sentence.until_ms.saturating_sub(view.now_ms),
            evidence: &sentence.evidence,
        };
        let sentences = view.quarantine.iter();
        Self {
            queued: queue.num_queued(),
            priority: queue.num_queued_of(Version::Proof),
            audits: queue.num_queued_of(Version::Audit),
            leased: queue.num_leased(),
            waiting: view.waiting(presence),
            present: presence.present,
            busy: presence.busy,
            slaves_total,
            slaves,
            quarantined: sentences.map(|(name, its)| sentence(name, its)).collect(),
            cordoned: view.cordon.iter().map(|(name, _)| &**name).collect(),
        }
    }
}

impl<'a> SlaveReport<'a> {
    fn new(view: &View<'_>, name: &'a str, slave: &'a Slave) -> Self {
        let (now_ms, begin_ms) = (view.now_ms, slave.first_seen_ms);
        let (short, long) = slave.rates.nonces_per_second(begin_ms, now_ms);
        Self {
            name,
            standing: view.standing(name, slave),
            batches: slave.batches,
            nonces: slave.nonces,
            nonces_per_second: slave.rate(now_ms),
            nonces_per_second_1m: short,
            nonces_per_second_15m: long,
            busy_share: slave.rates.busy_share(begin_ms, now_ms),
            errors: slave.errors,
            failures: slave.failures,
            last_error: slave.last_error.as_deref(),
            leased: view.state.queue.num_leased_to(name),
            last_seen_ms_ago: now_ms.saturating_sub(slave.last_seen_ms),
            cannot_run: inabilities(slave, now_ms),
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
