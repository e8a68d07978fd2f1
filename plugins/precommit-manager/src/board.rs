//! What is known of the current block.

use std::collections::BTreeMap;

use tig_events::{BlockClock, DifficultySamples, Throughput};
use tig_protocol::PreciseNumber;

use crate::choice::{Choices, choices};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::market::Market;
use crate::plan::{Plan, Samples};

/// The block's facts, what the config makes of them, and the samples. Empty before the first block.
#[derive(Default)]
pub(crate) struct Board {
    pub(crate) market: Option<Market>,
    pub(crate) choices: Choices,
    /// By challenge id.
    pub(crate) samples: BTreeMap<String, Samples>,
    pub(crate) throughput: Throughput,
    pub(crate) clock: BlockClock,
}

impl Board {
    /// Takes the facts of a block. Samples of other blocks are dropped; this one's may have come before it.
    pub(crate) fn enter(&mut self, config: &Config, market: Market) {
        self.samples
            .retain(|_, samples| samples.block_id == market.block_id);
        self.choices = choices(config, &market);
        self.market = Some(market);
    }

    pub(crate) fn add_samples(&mut self, event: DifficultySamples) {
        let samples = Samples {
            block_id: event.block_id,
            points: event.samples,
        };
        self.samples.insert(event.challenge_id, samples);
    }

    /// Fee of one precommit of the challenge, if it takes part.
    pub(crate) fn fee(&self, challenge_id: &str) -> Option<PreciseNumber> {
        let mut choices = self.choices.values().flatten();
        let choice = choices.find(|choice| choice.challenge_id == challenge_id);
        choice.map(|choice| choice.fee)
    }

    pub(crate) fn plan<'a>(
        &'a self,
        config: &'a Config,
        player_id: &'a str,
        ledger: &'a Ledger,
        spent_today: PreciseNumber,
    ) -> Option<Plan<'a>> {
        self.market.as_ref().map(|market| Plan {
            player_id,
            config,
            spent_today,
            throughput: &self.throughput,
            block_seconds: self.clock.seconds(),
            market,
            choices: &self.choices,
            samples: &self.samples,
            ledger,
        })
    }
}
