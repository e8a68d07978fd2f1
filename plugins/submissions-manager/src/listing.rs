//! What the newest block shows of this player's submissions.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tig_events::{BlockHead, LifespanWindow, ListedPrecommit, is_reconfirmed};

use crate::kind::Kind;

/// What is read of `new_block`.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    block: BlockHead,
    #[serde(default)]
    precommits: BTreeMap<String, ListedPrecommit>,
    #[serde(default)]
    benchmarks: BTreeMap<String, Benchmark>,
    #[serde(default)]
    proofs: BTreeMap<String, IgnoredAny>,
}

/// What is read of a benchmark.
#[derive(Deserialize)]
struct Benchmark {
    state: Option<BenchmarkState>,
}

#[derive(Deserialize)]
struct BenchmarkState {
    sampled_nonces: Option<BTreeSet<u64>>,
}

/// The newest listing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Listing {
    pub(crate) block_id: String,
    #[serde(flatten)]
    pub(crate) window: LifespanWindow,
    /// Height from which the lifespan counts, by benchmark id.
    block_started: BTreeMap<String, u32>,
    benchmarks: BTreeSet<String>,
    proofs: BTreeSet<String>,
    /// Random hashes of the confirmed precommits.
    #[serde(default)]
    rand_hashes: BTreeMap<String, String>,
    /// Nonces sampled of the confirmed benchmarks.
    #[serde(default)]
    sampled_nonces: BTreeMap<String, BTreeSet<u64>>,
}

impl Listing {
    pub(crate) fn block_started(&self, benchmark_id: &str) -> Option<u32> {
        self.block_started.get(benchmark_id).copied()
    }

    /// Whether a block has confirmed the submission, or a later stage of its benchmark.
    pub(crate) fn shows(&self, kind: Kind, benchmark_id: &str) -> bool {
        match kind {
            Kind::Proof => self.proofs.contains(benchmark_id),
            Kind::Benchmark => {
                self.benchmarks.contains(benchmark_id) || self.proofs.contains(benchmark_id)
            }
            Kind::Precommit => self.block_started.contains_key(benchmark_id),
        }
    }

    pub(crate) fn rand_hash(&self, benchmark_id: &str) -> Option<&str> {
        self.rand_hashes.get(benchmark_id).map(String::as_str)
    }

    /// Whether the network has reconfirmed the precommit since the random hash that a submission is for.
    pub(crate) fn is_reconfirmed(&self, benchmark_id: &str, rand_hash: Option<&str>) -> bool {
        is_reconfirmed(rand_hash, self.rand_hash(benchmark_id))
    }

    pub(crate) fn sampled_nonces(&self, benchmark_id: &str) -> Option<&BTreeSet<u64>> {
        self.sampled_nonces.get(benchmark_id)
    }
}

impl From<NewBlock> for Listing {
    fn from(event: NewBlock) -> Self {
        let mut listing = Self {
            block_id: event.block.id,
            window: event.block.window,
            block_started: BTreeMap::new(),
            benchmarks: event.benchmarks.keys().cloned().collect(),
            proofs: event.proofs.into_keys().collect(),
            rand_hashes: BTreeMap::new(),
            sampled_nonces: BTreeMap::new(),
        };
        for (id, precommit) in event.precommits {
            if let Some(rand_hash) = precommit.rand_hash() {
                listing.rand_hashes.insert(id.clone(), rand_hash.to_owned());
            }
            let block_started = precommit.block_started();
            listing.block_started.insert(id, block_started);
        }
        for (id, benchmark) in event.benchmarks {
            if let Some(nonces) = benchmark.state.and_then(|state| state.sampled_nonces) {
                listing.sampled_nonces.insert(id, nonces);
            }
        }
        listing
    }
}
