//! What the newest block shows of this player's submissions.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, de::IgnoredAny};
use tig_events::BlockHead;

use crate::kind::Kind;

/// What is read of `new_block`.
#[derive(Deserialize)]
pub(crate) struct NewBlock {
    block: BlockHead,
    #[serde(default)]
    precommits: BTreeMap<String, Precommit>,
    #[serde(default)]
    benchmarks: BTreeMap<String, IgnoredAny>,
    #[serde(default)]
    proofs: BTreeMap<String, IgnoredAny>,
}

/// What is read of a precommit; there are hundreds of them in each block.
#[derive(Deserialize)]
struct Precommit {
    details: PrecommitDetails,
}

#[derive(Deserialize)]
struct PrecommitDetails {
    block_started: u32,
}

/// The newest listing.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Listing {
    pub(crate) block_id: String,
    pub(crate) height: u32,
    lifespan_blocks: Option<u32>,
    /// Height from which the lifespan counts, by benchmark id.
    block_started: BTreeMap<String, u32>,
    benchmarks: BTreeSet<String>,
    proofs: BTreeSet<String>,
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

    pub(crate) fn is_expired(&self, block_started: u32) -> bool {
        let lifespan_blocks = self.lifespan_blocks.unwrap_or(u32::MAX);
        block_started.saturating_add(lifespan_blocks) < self.height
    }
}

impl From<NewBlock> for Listing {
    fn from(event: NewBlock) -> Self {
        let started = |(id, precommit): (String, Precommit)| (id, precommit.details.block_started);
        Self {
            block_id: event.block.id,
            height: event.block.height,
            lifespan_blocks: event.block.lifespan_blocks,
            block_started: event.precommits.into_iter().map(started).collect(),
            benchmarks: event.benchmarks.into_keys().collect(),
            proofs: event.proofs.into_keys().collect(),
        }
    }
}
