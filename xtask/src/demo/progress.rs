//! What is known of the running system, and whether that is enough. No I/O, no clock.

use std::time::Duration;

use tig_system_tests::{Benchmark, DevnetStatus, Job, Slave, SlaveStats, Stage};

use super::faults::Faults;
use super::summary::{Proved, Summary};

/// Everything seen so far.
#[derive(Debug)]
pub(super) struct Progress {
    challenges: Vec<&'static str>,
    pub(super) height: u64,
    pub(super) block_id: String,
    pub(super) queued: u64,
    pub(super) slaves: Vec<Slave>,
    pub(super) rows: Vec<Row>,
    /// Of the bad slaves, if there are any.
    pub(super) faults: Option<Faults>,
}

/// A benchmark and its times, since the start.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) benchmark: Benchmark,
    /// (done, all)
    batches: Option<(u64, u64)>,
    first_seen: Duration,
    confirmed: Option<Duration>,
}

/// What is missing, or nothing.
#[derive(Debug)]
pub(super) enum Verdict {
    /// This is missing.
    Open(String),
    /// Each challenge has a confirmed proof, and the bad slaves have met their fate.
    Proved(Summary),
}

impl Progress {
    /// Nothing seen yet; a proof is wanted for each of `challenges`, and the fate of the bad slaves if there are any.
    pub(super) fn new(
        challenges: impl Iterator<Item = &'static str>,
        faults: Option<Faults>,
    ) -> Self {
        Self {
            challenges: challenges.collect(),
            height: 0,
            block_id: String::new(),
            queued: 0,
            slaves: Vec::new(),
            rows: Vec::new(),
            faults,
        }
    }

    /// Takes in one look at the system, `elapsed` after the start of the first process.
    pub(super) fn observe(
        &mut self,
        elapsed: Duration,
        status: &DevnetStatus,
        jobs: &[Job],
        slaves: SlaveStats,
        left_behind: Option<&str>,
    ) {
        if let Some(faults) = &mut self.faults {
            faults.observe(&slaves, left_behind);
        }
        self.height = status.height;
        self.block_id.clone_from(&status.block_id);
        self.queued = slaves.queued;
        self.slaves = slaves.slaves;
        let before = std::mem::take(&mut self.rows);
        let rows = status.benchmarks.iter().map(|benchmark| {
            let id = &benchmark.benchmark_id;
            let known = before.iter().find(|row| row.benchmark.benchmark_id == *id);
            let job = jobs.iter().find(|job| job.benchmark_id == *id);
            let confirmed = known.and_then(|row| row.confirmed);
            Row {
                benchmark: benchmark.clone(),
                batches: job.map(|job| (job.batches_done, job.batches_total)),
                first_seen: known.map_or(elapsed, |row| row.first_seen),
                confirmed: confirmed.or((benchmark.stage == Stage::Proof).then_some(elapsed)),
            }
        });
        self.rows = rows.collect();
    }

    /// A proof that did not hold.
    pub(super) fn fraud(&self) -> Option<String> {
        let mut rows = self.rows.iter().map(|row| &row.benchmark);
        let fraud = rows.find(|benchmark| benchmark.stage == Stage::Fraud)?;
        let (id, challenge) = (&fraud.benchmark_id, &fraud.challenge);
        Some(format!("fraud in benchmark {id} of {challenge}"))
    }

    /// Whether all is seen that was wanted.
    pub(super) fn verdict(&self) -> Verdict {
        let proved: Vec<_> = self
            .challenges
            .iter()
            .map(|name| self.first_proof(name))
            .collect();
        let missing = self
            .challenges
            .iter()
            .zip(&proved)
            .filter(|(_, proof)| proof.is_none());
        let mut missing: Vec<_> = missing
            .map(|(name, _)| format!("a proof of {name}"))
            .collect();
        if let Some(faults) = &self.faults {
            let has_proof = |id: &str| {
                let mut benchmarks = self.rows.iter().map(|row| &row.benchmark);
                benchmarks.any(|it| it.benchmark_id == id && it.stage == Stage::Proof)
            };
            missing.extend(faults.missing(has_proof));
        }
        if missing.is_empty() {
            let proved = proved.into_iter().flatten().collect();
            Verdict::Proved(Summary::new(proved, self.faults.clone()))
        } else {
            Verdict::Open(missing.join(", "))
        }
    }

    fn first_proof(&self, challenge: &str) -> Option<Proved> {
        let rows = self
            .rows
            .iter()
            .filter(|row| row.benchmark.challenge == challenge);
        let proofs = rows.filter_map(|row| Some(Proved::new(&row.benchmark, row.confirmed?)));
        proofs.min_by(|a, b| a.seconds.total_cmp(&b.seconds))
    }
}

impl Row {
    /// What happens to it now.
    pub(super) fn stage_text(&self) -> String {
        match (self.benchmark.stage, self.batches) {
            (Stage::Precommit, Some((done, all))) => format!("computing {done}/{all} batches"),
            (stage, _) => stage.to_string(),
        }
    }

    /// Time since it was first seen, or until it was confirmed.
    pub(super) fn age(&self, elapsed: Duration) -> Duration {
        self.confirmed
            .unwrap_or(elapsed)
            .saturating_sub(self.first_seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn benchmark(id: &str, challenge: &str, stage: Stage) -> Benchmark {
        Benchmark {
            benchmark_id: id.to_owned(),
            challenge: challenge.to_owned(),
            algorithm: "any".to_owned(),
            stage,
            block_started: 1,
            num_nonces: 40,
            num_solutions: 30,
        }
    }

    fn observe(progress: &mut Progress, seconds: u64, benchmarks: Vec<Benchmark>, jobs: &[Job]) {
        let status = DevnetStatus {
            height: seconds,
            block_id: "block".to_owned(),
            benchmarks,
        };
        let slaves = SlaveStats {
            queued: 0,
            slaves: Vec::new(),
            quarantined: Vec::new(),
        };
        progress.observe(Duration::from_secs(seconds), &status, jobs, slaves, None);
    }

    #[test]
    fn each_challenge_needs_one_proof_the_first_counts() {
        let mut progress = Progress::new(["knapsack", "satisfiability"].into_iter(), None);
        let open = |progress: &Progress| match progress.verdict() {
            Verdict::Open(missing) => missing,
            Verdict::Proved(summary) => panic!("{summary:?}"),
        };
        assert_eq!(
            open(&progress),
            "a proof of knapsack, a proof of satisfiability"
        );
        let first = benchmark("a", "knapsack", Stage::Proof);
        observe(&mut progress, 10, vec![first.clone()], &[]);
        assert_eq!(open(&progress), "a proof of satisfiability");
        let others = ["knapsack", "satisfiability"].map(|name| benchmark(name, name, Stage::Proof));
        observe(
            &mut progress,
            20,
            [vec![first], others.to_vec()].concat(),
            &[],
        );
        let Verdict::Proved(summary) = progress.verdict() else {
            panic!("{:?}", progress.verdict());
        };
        assert_eq!(
            summary.text(true),
            concat!(
                r#"{"first_proof_seconds":10.0,"challenges":["#,
                r#"{"challenge":"knapsack","algorithm":"any","nonces":40,"solutions":30,"seconds":10.0},"#,
                r#"{"challenge":"satisfiability","algorithm":"any","nonces":40,"solutions":30,"seconds":20.0}]}"#
            )
        );
    }

    #[test]
    fn bad_slaves_are_found_and_benchmarks_proved() {
        let mut progress = Progress::new([].into_iter(), Some(Faults::default()));
        let lie = serde_json::json!({
            "kind": "other_result", "batch_id": "a_0", "stated": "0123456789", "agreed": "abcdef0123",
            "witnesses": ["local"],
        });
        let slaves: SlaveStats = serde_json::from_value(serde_json::json!({
            "queued": 0, "slaves": [],
            "quarantined": [{ "name": "liar", "reason": "any", "evidence": [lie] }],
        }))
        .unwrap();
        let mut look = |stages: [Stage; 2], slaves: SlaveStats, left_behind| {
            let [a, b] = stages;
            let benchmarks = vec![benchmark("a", "knapsack", a), benchmark("b", "knapsack", b)];
            let status = DevnetStatus {
                height: 1,
                block_id: "block".to_owned(),
                benchmarks,
            };
            progress.observe(Duration::ZERO, &status, &[], slaves, left_behind);
            match progress.verdict() {
                Verdict::Open(missing) => missing,
                Verdict::Proved(summary) => summary.text(true),
            }
        };
        let nobody = || SlaveStats {
            queued: 0,
            slaves: Vec::new(),
            quarantined: Vec::new(),
        };
        assert_eq!(
            look([Stage::Proof; 2], nobody(), None),
            "the conviction of liar, the end of mortal"
        );
        assert_eq!(
            look([Stage::Benchmark; 2], slaves, Some("b_16")),
            "the benchmark that liar has lied about, the benchmark that mortal was at"
        );
        // What was seen stays seen, as when the host is killed.
        let summary = look([Stage::Proof; 2], nobody(), None);
        assert!(
            summary.ends_with(concat!(
                r#""faults":{"lie":{"batch_id":"a_0","stated":"0123456789","agreed":"abcdef0123","#,
                r#""witnesses":["local"]},"left_behind":"b_16"}}"#
            )),
            "{summary}"
        );
    }

    #[test]
    fn a_fraud_is_reported() {
        let mut progress = Progress::new(["knapsack"].into_iter(), None);
        let benchmarks = [("a", Stage::Proof), ("b", Stage::Fraud)];
        let benchmarks = benchmarks.map(|(id, stage)| benchmark(id, "knapsack", stage));
        observe(&mut progress, 10, benchmarks.to_vec(), &[]);
        assert_eq!(
            progress.fraud().as_deref(),
            Some("fraud in benchmark b of knapsack")
        );
    }

    #[test]
    fn a_row_shows_batches_and_stops_ageing_at_the_end() {
        let mut progress = Progress::new(["knapsack"].into_iter(), None);
        let job = Job {
            benchmark_id: "a".to_owned(),
            batches_done: 2,
            batches_total: 5,
            proofs_done: 0,
        };
        observe(
            &mut progress,
            4,
            vec![benchmark("a", "knapsack", Stage::Precommit)],
            &[job],
        );
        assert_eq!(progress.rows[0].stage_text(), "computing 2/5 batches");
        observe(
            &mut progress,
            9,
            vec![benchmark("a", "knapsack", Stage::Proof)],
            &[],
        );
        assert_eq!(progress.rows[0].stage_text(), "confirmed");
        assert_eq!(
            progress.rows[0].age(Duration::from_secs(60)),
            Duration::from_secs(5)
        );
    }
}
