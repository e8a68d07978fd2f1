//! What is known of the current block, and what is selected at it.

use std::collections::BTreeMap;

use tig_events::{BlockClock, DifficultySamples, Throughput};
use tig_protocol::PreciseNumber;

use crate::applied::Applied;
use crate::choice::{Choices, choices};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::market::Market;
use crate::plan::{Plan, Samples};
use crate::selector::{Held, SELECTION_BLOCKS_COUNT_MAX, SelectionEvent};

/// The block's facts, what the config makes of them, and the samples. Empty before the first block.
#[derive(Default)]
pub(crate) struct Board {
    pub(crate) market: Option<Market>,
    /// What a selector has chosen last, while it holds.
    pub(crate) held: Option<Held>,
    /// The newest selection, if it came too late to be held.
    late: Option<Late>,
    pub(crate) applied: Applied,
    pub(crate) choices: Choices,
    /// By challenge id.
    pub(crate) samples: BTreeMap<String, Samples>,
    pub(crate) throughput: Throughput,
    pub(crate) clock: BlockClock,
}

/// A selection that is not applied since its block was too long ago.
struct Late {
    /// Where it came.
    height: u32,
    why: String,
}

impl Board {
    /// Takes the facts of a block, and says whether a selection ends with it. Samples of other blocks are dropped; this
    /// one's may have come before it.
    pub(crate) fn enter(&mut self, config: &Config, market: Market) -> bool {
        self.samples
            .retain(|_, samples| samples.block_id == market.block_id);
        let height = market.height;
        let is_over = self.held.take_if(|held| held.is_expired(height)).is_some();
        if let Some(held) = &mut self.held {
            held.see(height);
        }
        // A selector that has stopped must not be complained of for ever.
        self.late
            .take_if(|late| height.saturating_sub(late.height) > SELECTION_BLOCKS_COUNT_MAX);
        self.market = Some(market);
        self.choose(config);
        is_over
    }

    /// Takes in what a selector has chosen. What comes too late takes the place of nothing.
    pub(crate) fn select(&mut self, config: &Config, event: SelectionEvent) {
        let height = self.market.as_ref().map(|market| market.height);
        let held = Held::new(event, height);
        self.late = height.and_then(|height| {
            let why = held.delay(height)?;
            Some(Late { height, why })
        });
        if self.late.is_none() {
            self.held = Some(held);
        }
        self.choose(config);
    }

    fn choose(&mut self, config: &Config) {
        if let Some(market) = &self.market {
            self.applied = Applied::new(config, self.held.as_ref(), market);
            if let Some(late) = &self.late {
                self.applied.refuse(late.why.clone());
            }
            self.choices = choices(config, &self.applied, market);
        }
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
            applied: &self.applied,
            choices: &self.choices,
            samples: &self.samples,
            ledger,
        })
    }
}
