//! Blocks for the tests of extensions: what the network lists, in a small and complete form.

use std::collections::BTreeMap;

use serde_json::Value;
use tig_protocol::PreciseNumber;
use tig_protocol::api::ChallengeBlockData;
use tig_protocol::difficulty::Point;

pub use crate::sample_records::SAMPLE_HEIGHT;
use crate::{NewBlock, sample_records as records};

/// The player of a [`SampleBlock`] where the test chooses none.
pub const SAMPLE_PLAYER: &str = "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

/// How far a benchmark of a [`SampleBlock`] has come.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SampleStage {
    /// Its precommit is confirmed.
    Precommit,
    /// Its benchmark is confirmed, too, with sampled nonces.
    Benchmark,
    /// All of it is confirmed.
    Proof,
}

/// A block of a network with four challenges, each with two compiled algorithms, and with a player that has 100 TIG and a
/// benchmark in each stage. All of it is the same in each run.
///
/// ```
/// use tig_events::sample::{SampleBlock, SampleStage};
///
/// let block = SampleBlock::new()
///     .with_only(&["c001", "c003"])
///     .with_balance(7)
///     .with_benchmark("mine", "c003", SampleStage::Benchmark);
/// // The arguments of the event, for a harness: `harness.event("new_block", block.event())`.
/// assert_eq!(block.event()["precommits"]["mine"]["settings"]["challenge_id"], "c003");
/// // Or as a type, for further changes.
/// let typed = block.next().build();
/// assert_eq!(typed.challenges.len(), 2);
/// assert_eq!(typed.block.details.height, 500_001);
/// ```
#[derive(Clone, Debug)]
pub struct SampleBlock {
    block: NewBlock,
}

impl Default for SampleBlock {
    fn default() -> Self {
        Self::new()
    }
}

impl SampleBlock {
    /// The block at [`SAMPLE_HEIGHT`] as [`SAMPLE_PLAYER`] sees it.
    #[must_use]
    pub fn new() -> Self {
        let network = NewBlock {
            block: records::block(SAMPLE_HEIGHT),
            algorithms: records::algorithms(),
            wasms: records::wasms(),
            player: Some(records::player(SAMPLE_PLAYER)),
            precommits: BTreeMap::new(),
            benchmarks: BTreeMap::new(),
            proofs: BTreeMap::new(),
            frauds: BTreeMap::new(),
            challenges: records::challenges(),
        };
        Self { block: network }
            .with_benchmark("sample_precommit", "c001", SampleStage::Precommit)
            .with_benchmark("sample_benchmark", "c003", SampleStage::Benchmark)
            .with_benchmark("sample_proof", "c004", SampleStage::Proof)
    }

    /// The same network at another height; what was confirmed before stays as it is.
    #[must_use]
    pub fn at_height(mut self, height: u32) -> Self {
        self.block.block = records::block(height);
        self
    }

    /// The same network one block later.
    #[must_use]
    pub fn next(self) -> Self {
        let height = self.block.block.details.height + 1;
        self.at_height(height)
    }

    /// The same network for another player, who has the benchmarks.
    #[must_use]
    pub fn for_player(mut self, player_id: &str) -> Self {
        if let Some(player) = &mut self.block.player {
            player_id.clone_into(&mut player.id);
            player_id.clone_into(&mut player.details.name);
        }
        for precommit in self.block.precommits.values_mut() {
            player_id.clone_into(&mut precommit.settings.player_id);
        }
        self
    }

    /// The player with so many TIG left to pay fees.
    #[must_use]
    pub fn with_balance(mut self, tig: u64) -> Self {
        let player = self.block.player.as_mut();
        if let Some(state) = player.and_then(|player| player.state.as_mut()) {
            state.available_fee_balance = Some(PreciseNumber::from_u64(tig));
        }
        self
    }

    /// The network without the player, as the API shows it before the first top-up.
    #[must_use]
    pub fn without_player(mut self) -> Self {
        self.block.player = None;
        self
    }

    /// The network with no other challenges than these, their algorithms and benchmarks.
    #[must_use]
    pub fn with_only(mut self, challenge_ids: &[&str]) -> Self {
        let block = &mut self.block;
        let is_kept = |id: &str| challenge_ids.contains(&id);
        block.challenges.retain(|id, _| is_kept(id));
        block
            .algorithms
            .retain(|_, algorithm| is_kept(&algorithm.details.challenge_id));
        block
            .wasms
            .retain(|id, _| block.algorithms.contains_key(id));
        block
            .precommits
            .retain(|_, precommit| is_kept(&precommit.settings.challenge_id));
        block
            .benchmarks
            .retain(|id, _| block.precommits.contains_key(id));
        block
            .proofs
            .retain(|id, _| block.precommits.contains_key(id));
        self
    }

    /// The challenge with these frontiers.
    ///
    /// # Panics
    ///
    /// The block has no such challenge.
    #[must_use]
    pub fn with_frontiers(
        mut self,
        challenge_id: &str,
        base: Vec<Point>,
        scaled: Vec<Point>,
    ) -> Self {
        let data = self.challenge_data(challenge_id);
        data.base_frontier = Some(base);
        data.scaled_frontier = Some(scaled);
        self
    }

    /// The network with a benchmark of the player, at the first difficulty of the challenge's base frontier.
    ///
    /// # Panics
    ///
    /// The block has no such challenge, or no algorithm for it.
    #[must_use]
    pub fn with_benchmark(
        mut self,
        benchmark_id: &str,
        challenge_id: &str,
        stage: SampleStage,
    ) -> Self {
        let base = self.challenge_data(challenge_id).base_frontier.clone();
        let mut algorithms = self.block.algorithms.values();
        let algorithm = algorithms.find(|it| it.details.challenge_id == challenge_id);
        let player = self.block.player.as_ref();
        let precommit = records::precommit(
            benchmark_id,
            &records::Choice {
                player_id: player.map_or(SAMPLE_PLAYER, |player| &player.id),
                challenge_id,
                algorithm_id: &algorithm
                    .unwrap_or_else(|| panic!("no algorithm for {challenge_id}"))
                    .id,
                difficulty: base
                    .and_then(|base| base.into_iter().next())
                    .unwrap_or_default(),
            },
        );
        let id = benchmark_id.to_owned();
        self.block.precommits.insert(id.clone(), precommit);
        if stage >= SampleStage::Benchmark {
            let benchmark = records::benchmark(benchmark_id);
            self.block.benchmarks.insert(id.clone(), benchmark);
        }
        if stage >= SampleStage::Proof {
            self.block.proofs.insert(id, records::proof(benchmark_id));
        }
        self
    }

    /// The block as a type.
    #[must_use]
    pub fn build(self) -> NewBlock {
        self.block
    }

    /// The arguments of the event `new_block`.
    ///
    /// # Panics
    ///
    /// Never: the block has a JSON form.
    #[must_use]
    pub fn event(&self) -> Value {
        serde_json::to_value(&self.block)
            .unwrap_or_else(|error| panic!("a block has a JSON form: {error}"))
    }

    fn challenge_data(&mut self, challenge_id: &str) -> &mut ChallengeBlockData {
        let challenge = self.block.challenges.get_mut(challenge_id);
        let data = challenge.and_then(|challenge| challenge.block_data.as_mut());
        data.unwrap_or_else(|| panic!("no challenge {challenge_id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_decodes_from_its_event() {
        let sample = SampleBlock::new();
        let decoded: NewBlock = serde_json::from_value(sample.event()).unwrap();
        assert_eq!(decoded.challenges, sample.block.challenges);
        assert_eq!(decoded.precommits, sample.block.precommits);
        assert_eq!(decoded.block, sample.block.block);
        assert_eq!(sample.event(), SampleBlock::new().event());
    }

    #[test]
    fn records_of_a_block_refer_to_each_other() {
        let block = SampleBlock::new().build();
        let config = block.block.config.unwrap();
        for precommit in block.precommits.values() {
            let settings = &precommit.settings;
            let challenge = &block.challenges[&settings.challenge_id];
            let algorithm = &block.algorithms[&settings.algorithm_id];
            assert_eq!(algorithm.details.challenge_id, challenge.id);
            let data = challenge.block_data.as_ref().unwrap();
            let base = data.base_frontier.as_ref().unwrap();
            assert!(base.contains(&settings.difficulty));
            let parameters = &config.difficulty.parameters[&challenge.id];
            for point in base.iter().chain(data.scaled_frontier.as_ref().unwrap()) {
                let values = point.iter().zip(parameters);
                for (value, parameter) in values {
                    let range = parameter.min_value..=parameter.max_value;
                    assert!(range.contains(value), "{point:?} of {}", challenge.id);
                }
            }
        }
        assert_eq!(block.wasms.len(), block.algorithms.len());
        let stages = [
            block.precommits.len(),
            block.benchmarks.len(),
            block.proofs.len(),
        ];
        assert_eq!(stages, [3, 2, 1]);
    }

    #[test]
    fn later_block_names_the_one_before() {
        let block = SampleBlock::new();
        let later = block.clone().next().build();
        assert_eq!(later.block.details.prev_block_id, block.block.block.id);
        assert_ne!(later.block.id, block.block.block.id);
        assert_eq!(later.precommits, block.block.precommits);
    }

    #[test]
    fn removed_challenge_takes_its_records_along() {
        let block = SampleBlock::new().with_only(&["c004"]).build();
        assert!(block.challenges.keys().eq(["c004"]));
        assert!(block.algorithms.keys().eq(["c004_a001", "c004_a002"]));
        assert!(block.wasms.keys().eq(block.algorithms.keys()));
        assert!(block.precommits.keys().eq(["sample_proof"]));
        assert!(block.benchmarks.keys().eq(["sample_proof"]));
        assert!(block.proofs.keys().eq(["sample_proof"]));
    }

    #[test]
    fn player_can_be_another_richer_or_absent() {
        let block = SampleBlock::new().for_player("0xb").with_balance(7);
        let of_player = |it: &NewBlock| it.precommits["sample_proof"].settings.player_id.clone();
        assert_eq!(of_player(&block.block), "0xb");
        let event = block.event();
        assert_eq!(event["player"]["id"], "0xb");
        let balance = &event["player"]["state"]["available_fee_balance"];
        assert_eq!(balance, "7000000000000000000");
        assert!(block.without_player().event()["player"].is_null());
    }

    #[test]
    fn frontiers_are_those_of_the_test() {
        let block = SampleBlock::new().with_frontiers("c001", vec![vec![1, 2]], vec![vec![3, 4]]);
        let block = block.with_benchmark("mine", "c001", SampleStage::Precommit);
        let event = block.event();
        let data = &event["challenges"]["c001"]["block_data"];
        assert_eq!(data["base_frontier"], serde_json::json!([[1, 2]]));
        assert_eq!(data["scaled_frontier"], serde_json::json!([[3, 4]]));
        let settings = &event["precommits"]["mine"]["settings"];
        assert_eq!(settings["difficulty"], serde_json::json!([1, 2]));
    }
}
