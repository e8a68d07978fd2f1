//! Derivations of a block from the active benchmarks: cutoffs, qualifiers and frontiers as the protocol has them
//! (tig-protocol.md sections 11 and 12), and a simple form of influence, adoption and rewards (sections 14 and 15):
//! nobody has deposits, nothing is merged, and rewards are accounts kept, not tokens paid.

mod cutoffs;
mod earnings;

use std::collections::{BTreeMap, BTreeSet};

use tig_protocol::api::{AlgorithmBlockData, PlayerBlockData, ProtocolConfig};
use tig_protocol::qualifiers::{ActiveBenchmark, Qualifiers};

use crate::network::state::{ChainBlock, ChallengeAt, ChallengeRules, Record};

/// Inputs of a block.
pub(crate) struct Scene<'a> {
    pub(crate) height: u32,
    pub(crate) round: u32,
    pub(crate) config: &'a ProtocolConfig,
    /// The block before.
    pub(crate) previous: &'a ChainBlock,
    /// Active benchmarks by id.
    pub(crate) active: Vec<(&'a str, &'a Record)>,
    /// Of every active challenge.
    pub(crate) rules: &'a BTreeMap<String, ChallengeRules>,
    /// Challenge and first round of every active algorithm.
    pub(crate) algorithms: BTreeMap<&'a str, (&'static str, u32)>,
}

/// Results for a block.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Of every active challenge; the fees are still those of the block before.
    pub(crate) challenges: BTreeMap<String, ChallengeAt>,
    /// Of every player who was active in this round.
    pub(crate) players: BTreeMap<String, PlayerBlockData>,
    /// Of every active algorithm.
    pub(crate) algorithms: BTreeMap<String, AlgorithmBlockData>,
}

impl Scene<'_> {
    pub(crate) fn tally(&self) -> Tally {
        let cutoffs = self.cutoffs();
        let qualifiers: BTreeMap<&str, Qualifiers> = self
            .rules
            .iter()
            .map(|(challenge_id, rules)| {
                let benchmarks = self.benchmarks_of(challenge_id);
                let threshold = self.config.qualifiers.total_qualifiers_threshold;
                let selected = Qualifiers::select(&benchmarks, &cutoffs, &rules.bounds, threshold);
                (challenge_id.as_str(), selected)
            })
            .collect();
        let (players, algorithms) = self.earnings(&cutoffs, &qualifiers);
        let challenges = qualifiers
            .into_iter()
            .filter_map(|(id, qualifiers)| Some((id.to_owned(), self.challenge(id, qualifiers)?)))
            .collect();
        Tally {
            challenges,
            players,
            algorithms,
        }
    }

    pub(crate) fn active_player_ids(&self) -> Vec<String> {
        let ids: BTreeSet<&String> = self
            .active
            .iter()
            .map(|(_, record)| &record.precommit.settings.player_id)
            .collect();
        ids.into_iter().cloned().collect()
    }

    fn benchmarks_of(&self, challenge_id: &str) -> Vec<ActiveBenchmark<'_>> {
        self.active
            .iter()
            .filter(|(_, record)| record.precommit.settings.challenge_id == challenge_id)
            .map(|(id, record)| ActiveBenchmark {
                id,
                player_id: &record.precommit.settings.player_id,
                algorithm_id: &record.precommit.settings.algorithm_id,
                difficulty: &record.precommit.settings.difficulty,
                num_solutions: record.num_solutions(),
            })
            .collect()
    }

    /// `None` never happens: every challenge with rules was active at the block before.
    fn challenge(&self, challenge_id: &str, qualifiers: Qualifiers) -> Option<ChallengeAt> {
        let frontiers = self
            .rules
            .get(challenge_id)?
            .frontiers(&qualifiers, self.config);
        Some(ChallengeAt {
            fees: self.previous.challenges.get(challenge_id)?.fees,
            frontiers,
            num_qualifiers: qualifiers.total,
            qualifier_difficulties: qualifiers.difficulties,
        })
    }
}
