//! Reports of the running programs: `GET /devnet/status` of the network, `GET /jobs` and `GET /slaves` of
//! the host.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::http::{HttpError, get};

/// A program did not answer.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path} of {address}")]
pub struct ObserveError {
    address: String,
    path: &'static str,
    source: HttpError,
}

/// How far the network is.
#[derive(Clone, Debug, Deserialize)]
pub struct DevnetStatus {
    /// Height of the latest block.
    pub height: u64,
    /// Id of that block.
    pub block_id: String,
    /// In order of submission.
    pub benchmarks: Vec<Benchmark>,
}

/// A benchmark as the network sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct Benchmark {
    /// Id of that block.
    pub benchmark_id: String,
    /// Name of the challenge.
    pub challenge: String,
    /// Name of the algorithm.
    pub algorithm: String,
    /// The furthest step.
    pub stage: Stage,
    /// Height of the block that it was begun for.
    pub block_started: u64,
    /// Nonces promised.
    pub num_nonces: u64,
    /// Solutions declared.
    pub num_solutions: u64,
}

/// Steps of a benchmark, in their order; `*Pending` waits for a block, the others are confirmed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Precommit submitted.
    PrecommitPending,
    /// Precommit confirmed: nonces are being computed.
    Precommit,
    /// Benchmark submitted.
    BenchmarkPending,
    /// Benchmark confirmed: sampled nonces are being proved.
    Benchmark,
    /// Proof submitted.
    ProofPending,
    /// Proof confirmed.
    Proof,
    /// The proof did not hold.
    Fraud,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrecommitPending => "precommit",
            Self::Precommit => "computing",
            Self::BenchmarkPending => "benchmark",
            Self::Benchmark => "proving",
            Self::ProofPending => "proof",
            Self::Proof => "confirmed",
            Self::Fraud => "FRAUD",
        })
    }
}

/// A job of the host: a benchmark that it works on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Job {
    /// Id of the benchmark.
    pub benchmark_id: String,
    /// Batches whose root is known.
    pub batches_done: u64,
    /// Batches in all.
    pub batches_total: u64,
    /// Sampled nonces whose proof is known.
    pub proofs_done: u64,
}

/// The slaves and what waits for them.
#[derive(Clone, Debug, Deserialize)]
pub struct SlaveStats {
    /// Batches that wait for a slave.
    pub queued: u64,
    /// Every slave that has asked for work.
    pub slaves: Vec<Slave>,
    /// Those that get none any more.
    pub quarantined: Vec<Sentence>,
}

/// A slave as the host sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct Slave {
    /// Its name.
    pub name: String,
    /// Results that were accepted.
    pub batches: u64,
    /// Algorithms of which it is offered no batch for a while.
    pub cannot_run: Vec<Inability>,
}

/// An algorithm that a slave has said it cannot run.
#[derive(Clone, Debug, Deserialize)]
pub struct Inability {
    /// Id of the algorithm.
    pub algorithm_id: String,
    /// In the slave's words.
    pub reason: String,
    /// Until the master offers it again.
    pub ends_in_ms: u64,
}

/// A slave in quarantine.
#[derive(Clone, Debug, Deserialize)]
pub struct Sentence {
    /// Its name.
    pub name: String,
    /// In words.
    pub reason: String,
    /// What speaks against it.
    pub evidence: Vec<Evidence>,
}

/// What speaks against a slave.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// A result that is wrong in itself.
    BadResult {
        /// What it answers.
        batch_id: String,
    },
    /// A result that others contradict.
    OtherResult(Contradiction),
}

/// A result that others contradict.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Contradiction {
    /// What it answers.
    pub batch_id: String,
    /// Its Merkle root, hex.
    pub stated: String,
    /// That of the others.
    pub agreed: String,
    /// Names of the others.
    pub witnesses: Vec<String>,
}

impl Contradiction {
    /// The benchmark that the batch is of.
    #[must_use]
    pub fn benchmark_id(&self) -> &str {
        benchmark_of(&self.batch_id)
    }
}

/// The benchmark that a batch is of: its id is `<benchmark id>_<start nonce>`.
#[must_use]
pub fn benchmark_of(batch_id: &str) -> &str {
    batch_id.split_once('_').map_or(batch_id, |(id, _)| id)
}

impl DevnetStatus {
    /// Asks the network.
    ///
    /// # Errors
    /// No answer, or another shape.
    pub fn fetch(address: &str) -> Result<Self, ObserveError> {
        fetch(address, "/devnet/status")
    }

    /// The benchmarks whose proof is confirmed.
    pub fn confirmed(&self) -> impl Iterator<Item = &Benchmark> {
        self.at(Stage::Proof)
    }

    /// The benchmarks that turned out to be fraud.
    pub fn frauds(&self) -> impl Iterator<Item = &Benchmark> {
        self.at(Stage::Fraud)
    }

    fn at(&self, stage: Stage) -> impl Iterator<Item = &Benchmark> {
        self.benchmarks
            .iter()
            .filter(move |benchmark| benchmark.stage == stage)
    }
}

impl Job {
    /// Asks the host.
    ///
    /// # Errors
    /// No answer, or another shape.
    pub fn fetch_all(address: &str) -> Result<Vec<Self>, ObserveError> {
        fetch(address, "/jobs")
    }
}

impl SlaveStats {
    /// Asks the host.
    ///
    /// # Errors
    /// No answer, or another shape.
    pub fn fetch(address: &str) -> Result<Self, ObserveError> {
        fetch(address, "/slaves")
    }

    /// The results of `slave` that others contradict.
    pub fn contradictions(&self, slave: &str) -> impl Iterator<Item = &Contradiction> {
        let sentences = self.quarantined.iter();
        let evidence = sentences
            .filter(move |sentence| sentence.name == slave)
            .flat_map(|sentence| &sentence.evidence);
        evidence.filter_map(|evidence| match evidence {
            Evidence::OtherResult(contradiction) => Some(contradiction),
            Evidence::BadResult { .. } => None,
        })
    }
}

fn fetch<T: serde::de::DeserializeOwned>(
    address: &str,
    path: &'static str,
) -> Result<T, ObserveError> {
    let answer = get(address, path).and_then(crate::http::Answer::json);
    answer.map_err(|source| ObserveError {
        address: address.to_owned(),
        path,
        source,
    })
}
