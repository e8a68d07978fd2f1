//! A small network with one player: it computes what the sampler draws, and one cell pays best.

use std::collections::BTreeMap;

use rand_distr::{Distribution, Poisson};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use super::samples;
use crate::Sampler;

/// Blocks from the start of a benchmark until nothing of it is listed.
const LIFESPAN_BLOCKS: u32 = 120;

const NUM_NONCES: u32 = 1_000;

pub(super) struct World {
    pub(super) height: u32,
    random: Pcg64Mcg,
    /// Solutions expected of 1,000 nonces at a difficulty.
    pub(super) rate: fn([i64; 2]) -> f64,
    /// Whether solutions of a difficulty qualify.
    pub(super) qualifies: fn([i64; 2]) -> bool,
    /// Height of its block, difficulty and solutions by benchmark id.
    benchmarks: BTreeMap<String, (u32, [i64; 2], u32)>,
}

impl World {
    pub(super) fn new(rate: fn([i64; 2]) -> f64, qualifies: fn([i64; 2]) -> bool) -> Self {
        Self {
            height: 1_000,
            random: Pcg64Mcg::new(4),
            rate,
            qualifies,
            benchmarks: BTreeMap::new(),
        }
    }

    /// A block of a challenge that admits `0..=29` in both parameters.
    pub(super) fn block(&self) -> Value {
        let (mut precommits, mut benchmarks, mut proofs) = (json!({}), json!({}), json!({}));
        let mut qualifiers = Vec::new();
        for (id, (height, difficulty, num_solutions)) in &self.benchmarks {
            precommits[id] = json!({ "details": { "num_nonces": NUM_NONCES },
                "settings": { "challenge_id": "c001", "difficulty": difficulty } });
            benchmarks[id] = json!({ "details": { "num_solutions": num_solutions },
                                     "state": { "block_confirmed": height } });
            proofs[id] = json!({ "state": { "block_confirmed": height, "submission_delay": 4 } });
            if (self.qualifies)(*difficulty) {
                qualifiers.push(difficulty);
            }
        }
        let parameter = json!({ "name": "a", "min_value": 0, "max_value": 29 });
        json!({
            "block": { "id": format!("b{}", self.height), "details": { "height": self.height }, "config": {
                "difficulty": { "parameters": { "c001": [parameter, parameter] } },
                "benchmark_submissions": { "submission_delay_multiplier": 2.5 } } },
            "challenges": { "c001": { "id": "c001", "details": { "name": "knapsack" }, "block_data": {
                "base_frontier": [[0, 0]], "scaled_frontier": [[29, 29]], "scaling_factor": 1.2,
                "qualifier_difficulties": qualifiers } } },
            "precommits": precommits, "benchmarks": benchmarks, "proofs": proofs,
        })
    }

    /// Plays blocks. At each, one of the samples becomes a benchmark, as `precommit_manager` chooses it.
    pub(super) fn play(&mut self, sampler: &mut Harness<Sampler>, blocks: u32) {
        for _ in 0..blocks {
            let samples = self.step(sampler);
            let difficulty = samples[self.height as usize % samples.len()];
            let solutions = Poisson::new((self.rate)(difficulty)).unwrap();
            let num_solutions: f64 = solutions.sample(&mut self.random);
            let benchmark = (self.height, difficulty, num_solutions as u32);
            self.benchmarks
                .insert(format!("p{}", self.height), benchmark);
        }
    }

    /// The samples of one more block.
    pub(super) fn step(&mut self, sampler: &mut Harness<Sampler>) -> Vec<[i64; 2]> {
        self.height += 1;
        let listed = self.height.saturating_sub(LIFESPAN_BLOCKS);
        self.benchmarks
            .retain(|_, (height, _, _)| *height >= listed);
        sampler.event("new_block", self.block());
        samples(&sampler.emitted().remove(0).1)
    }

    /// Part of the samples of the next blocks that lie where `is_there` says.
    pub(super) fn share(
        &mut self,
        sampler: &mut Harness<Sampler>,
        is_there: fn([i64; 2]) -> bool,
    ) -> f64 {
        let samples: Vec<[i64; 2]> = (0..10).flat_map(|_| self.step(sampler)).collect();
        let there = samples.iter().filter(|sample| is_there(**sample));
        there.count() as f64 / samples.len() as f64
    }
}
