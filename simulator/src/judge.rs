//! What must hold whatever happens, looked at from outside of the master.
//!
//! The judge sees what slaves are given and have delivered (`batches`), what reaches the network (`submissions`), and
//! what the network and the master say of themselves. It keeps the first thing that is not as it must be.

mod batches;
mod heights;
mod submissions;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tig_devnet::{BenchmarkStatus, Stage, Status};
use tig_host::ExtensionStatus;
use tig_protocol::BenchmarkSettings;

use self::batches::Batches;
pub use self::batches::SlavesReport;
use self::heights::Heights;
use self::submissions::Submissions;
use crate::finding::{Finding, Violation};
use crate::site::NUM_NONCES;
use crate::stub;

/// So long after a block has reconfirmed a precommit, the master must have heard of it, whatever the network's troubles.
const HEARS_MS_MAX: u64 = 600_000;

/// Keys in the store for each benchmark that the network lists: the job, batches, audits, submissions.
const KEYS_PER_BENCHMARK: usize = 24;

/// Further keys.
const KEYS: usize = 100;

/// What slaves have said of a benchmark, since the network has confirmed its precommit for the last time.
#[derive(Debug, Default)]
struct Case {
    rand_hash: String,
    confirmed_ms: u64,
    /// A block that had confirmed it was rolled back.
    is_reconfirmed: bool,
    settings: Option<BenchmarkSettings>,
    /// First nonces of batches of which the master has a result.
    heard: BTreeSet<u64>,
    /// Those of which somebody has lied.
    lies: BTreeSet<u64>,
    /// Those of which somebody who is believed has sent a true result before the benchmark was submitted.
    truths: BTreeSet<u64>,
    is_submitted: bool,
    /// It was submitted before the master can have heard that the precommit was reconfirmed.
    is_hasty: bool,
}

impl Case {
    /// Whether a benchmark with a wrong root has gone out, which the master could not know.
    fn is_misled(&self) -> bool {
        self.is_hasty || (self.is_submitted && !self.lies.is_subset(&self.truths))
    }

    /// Whether the benchmark has a solution; without one no proof is needed.
    fn has_solution(&self) -> bool {
        let Some(settings) = &self.settings else {
            return true;
        };
        let output = |nonce| stub::output(settings, &self.rand_hash, nonce);
        (0..NUM_NONCES).any(|nonce| !output(nonce).solution.is_empty())
    }
}

/// What has been seen, and the first rule that was broken.
#[derive(Debug, Default)]
pub struct Judge {
    /// Nobody lies, nothing is audited, no block is rolled back: nothing is computed twice but what was late.
    is_plain: bool,
    finding: Finding,
    cases: BTreeMap<String, Case>,
    batches: Batches,
    submissions: Submissions,
    heights: Heights,
    /// Last look at the network.
    stages: BTreeMap<String, Stage>,
    /// Benchmarks whose proof was confirmed.
    pub proved: BTreeSet<String>,
    /// Benchmarks for which a fee was paid.
    pub paid: BTreeSet<String>,
    /// Benchmarks that the network calls fraud.
    pub frauds: BTreeSet<String>,
    /// Result deliveries that the master has taken.
    pub results: u64,
}

impl Judge {
    /// A judge of a run; `is_plain` is [`is_plain`](crate::scenario::Scenario::is_plain).
    #[must_use]
    pub fn new(is_plain: bool) -> Self {
        Self {
            is_plain,
            ..Self::default()
        }
    }

    /// The first violation.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.finding.violation()
    }

    /// Notes a violation, unless there was one before.
    pub fn blame(&mut self, at_ms: u64, property: &'static str, text: String) {
        self.finding.blame(at_ms, property, text);
    }

    /// The master has ended: it remembers no lease.
    pub fn master_ended(&mut self) {
        self.batches.forget();
    }

    /// The network has taken a block back.
    pub fn rolled_back(&mut self, status: &Status) {
        self.submissions.doubt();
        self.stages = stages(status);
    }

    /// The network has made a block, the first included.
    pub fn block(&mut self, status: &Status, now_ms: u64) {
        self.heights.see(status);
        status
            .benchmarks
            .iter()
            .for_each(|benchmark| self.confirmed(benchmark, now_ms));
        let now = stages(status);
        for (id, stage) in &now {
            match stage {
                Stage::PrecommitPending => continue,
                Stage::Proof => drop(self.proved.insert(id.clone())),
                Stage::Fraud => self.fraud(id, now_ms),
                _ => {}
            }
            self.paid.insert(id.clone());
        }
        for (id, stage) in std::mem::replace(&mut self.stages, now) {
            let is_open = !matches!(stage, Stage::PrecommitPending | Stage::Proof | Stage::Fraud);
            if is_open && !self.stages.contains_key(&id) {
                self.run_out(&id, stage, now_ms);
            }
        }
    }

    /// Whether every paid benchmark has its proof, or cannot have one.
    #[must_use]
    pub fn is_all_proved(&self) -> bool {
        self.stages
            .values()
            .all(|stage| matches!(stage, Stage::Proof | Stage::Fraud))
    }

    /// Begins a case when its precommit is confirmed or reconfirmed.
    fn confirmed(&mut self, benchmark: &BenchmarkStatus, now_ms: u64) {
        let Some(rand_hash) = &benchmark.rand_hash else {
            return;
        };
        let before = self.cases.get(&benchmark.benchmark_id);
        if before.is_some_and(|case| case.rand_hash == *rand_hash) {
            return;
        }
        self.submissions.forget(&benchmark.benchmark_id);
        let case = Case {
            rand_hash: rand_hash.clone(),
            confirmed_ms: now_ms,
            is_reconfirmed: before.is_some(),
            ..Case::default()
        };
        self.cases.insert(benchmark.benchmark_id.clone(), case);
    }

    fn fraud(&mut self, id: &str, now_ms: u64) {
        let is_misled = self.cases.get(id).is_some_and(Case::is_misled);
        if self.frauds.insert(id.to_owned()) && !is_misled {
            let text = format!(
                "benchmark {id} is fraud, though each of its batches was computed honestly before"
            );
            self.blame(
                now_ms,
                "no proof is fraud unless a slave lied unnoticed",
                text,
            );
        }
    }

    fn run_out(&mut self, id: &str, stage: Stage, now_ms: u64) {
        let case = self.cases.get(id);
        if case.is_some_and(|case| case.is_misled() || !case.has_solution()) {
            return;
        }
        let text = format!("benchmark {id} was paid for and has run out as {stage:?}");
        self.blame(now_ms, "what is paid for is proved", text);
    }

    /// How the extensions do.
    pub fn extensions(&mut self, extensions: &[ExtensionStatus], now_ms: u64) {
        self.finding.extensions(now_ms, extensions);
    }

    /// What the store holds.
    pub fn stored(&mut self, keys: usize, now_ms: u64) {
        let max = KEYS + KEYS_PER_BENCHMARK * self.stages.len();
        if keys > max {
            let text = format!("{keys} keys for {} benchmarks", self.stages.len());
            self.blame(now_ms, "the store is bounded", text);
        }
    }

    /// What the master said of its work before and after a restart in a quiet moment.
    pub fn restarted(&mut self, before: &[Value], after: &[Value], now_ms: u64) {
        let mut pairs = before.iter().map(kept).zip(after.iter().map(kept));
        if let Some((before, after)) = pairs.find(|(before, after)| before != after) {
            let text = format!("before: {before}; after: {after}");
            self.blame(now_ms, "a restart changes no decision", text);
        }
    }
}

/// What of a report must outlive the process. Precommits that wait for their turn are meant to be forgotten: nobody knows
/// whether they were paid for. Of a request that was under way, nobody knows the answer.
fn kept(report: &Value) -> Value {
    let mut report = report.clone();
    if let Some(report) = report.as_object_mut() {
        report.remove("precommits");
        report.remove("rate_limited");
    }
    let lists = report.as_object_mut().into_iter().flatten();
    let submissions = lists.filter_map(|(_, list)| list.as_array_mut()).flatten();
    for submission in submissions.filter_map(Value::as_object_mut) {
        submission.remove("waits_for");
        let state = submission.get_mut("state");
        if let Some(state) = state.filter(|state| **state == "in_flight") {
            *state = "waiting".into();
        }
    }
    report
}

fn stages(status: &Status) -> BTreeMap<String, Stage> {
    let stage = |of: &BenchmarkStatus| (of.benchmark_id.clone(), of.stage);
    status.benchmarks.iter().map(stage).collect()
}
