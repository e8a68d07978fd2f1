//! What was precommitted at the current block, and at others of its height.
//!
//! Invariant: settings that were used once are never used again, whatever became of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use tig_protocol::{BenchmarkSettings, PreciseNumber};

/// Precommits of earlier heights whose fees are remembered: all of one full block, or of many blocks with a few each.
const FORMER_COUNT_MAX: usize = 128;

/// Blocks within which precommits for a block may be accepted, as long as the API does not say for how long a benchmark counts.
const LIFESPAN_BLOCKS: u32 = 120;

/// Precommits at one height. Survives reloads and restarts, so that none is paid for twice.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Ledger {
    /// The newest block of the height.
    pub(crate) block_id: String,
    /// `None` if an older version stored it.
    #[serde(default)]
    height: Option<u32>,
    /// Random number in `[0, 1)` that decides which challenges this block's slots go to.
    #[serde(default)]
    pub(crate) offset: f64,
    /// Precommits that hold a slot, with their fees.
    #[serde(with = "entries")]
    made: BTreeMap<BenchmarkSettings, PreciseNumber>,
    used: BTreeSet<BenchmarkSettings>,
    /// Precommits of earlier heights, the oldest first, with their fees: they may not have been sent or answered.
    #[serde(default)]
    former: VecDeque<(BenchmarkSettings, PreciseNumber)>,
    /// Precommits since the last acceptance that were refused, or never reached the API.
    pub(crate) rejections: u32,
}

impl Ledger {
    /// The ledger of another height, which knows the fees of this one.
    pub(crate) fn next(&self, block_id: &str, height: u32, offset: f64) -> Self {
        let mut former = self.former.clone();
        former.extend(self.made.clone());
        former.drain(..former.len().saturating_sub(FORMER_COUNT_MAX));
        Self {
            block_id: block_id.to_owned(),
            height: Some(height),
            offset,
            former,
            ..Self::default()
        }
    }

    /// Whether a block of this height is older than the last with precommits, and precommits for it may still be accepted. After
    /// a restart, an API node that lags behind can show one: its slots and settings may be used already.
    ///
    /// Precommits for a block that is further behind than `counting_blocks` are refused, so such a block is of a network that has
    /// begun anew.
    pub(crate) fn is_ahead(&self, height: u32, counting_blocks: Option<u32>) -> bool {
        let blocks = self.height.and_then(|own| own.checked_sub(height));
        let counting_blocks = counting_blocks.unwrap_or(LIFESPAN_BLOCKS);
        blocks.is_some_and(|blocks| blocks > 0 && blocks < counting_blocks)
    }

    /// Goes on with another block, if it is of the same height: API nodes can disagree about it, each in its turn.
    pub(crate) fn go_on(&mut self, block_id: &str, height: u32) -> bool {
        let is_same = self.height == Some(height);
        if is_same {
            block_id.clone_into(&mut self.block_id);
        }
        is_same
    }

    pub(crate) fn made(&self) -> usize {
        self.made.len()
    }

    pub(crate) fn made_of(&self, challenge_id: &str) -> usize {
        let made = self.made.keys();
        made.filter(|settings| settings.challenge_id == challenge_id)
            .count()
    }

    pub(crate) fn is_used(&self, settings: &BenchmarkSettings) -> bool {
        self.used.contains(settings)
    }

    /// Fees of the precommits that hold a slot; `None` beyond 256 bits.
    pub(crate) fn spent(&self) -> Option<PreciseNumber> {
        let mut fees = self.made.values();
        fees.try_fold(PreciseNumber::ZERO, |sum, fee| sum.checked_add(*fee))
    }

    pub(crate) fn record(&mut self, settings: BenchmarkSettings, fee: PreciseNumber) {
        self.used.insert(settings.clone());
        self.made.insert(settings, fee);
    }

    /// Gives the slot back, once. Returns the fee if the settings had one.
    pub(crate) fn reject(&mut self, settings: &BenchmarkSettings) -> Option<PreciseNumber> {
        let fee = self.made.remove(settings);
        if fee.is_some() {
            self.rejections = self.rejections.saturating_add(1);
        }
        fee.or_else(|| self.take_former(settings))
    }

    /// Gives the slot of a precommit back that nobody has seen. Returns the fee if the settings had one.
    ///
    /// If `is_wanted`, and its block is the newest, it has no attempt left: it counts like a refusal, or each turn would make others
    /// in its place until all settings of the block are used.
    pub(crate) fn drop_unsent(
        &mut self,
        settings: &BenchmarkSettings,
        is_wanted: bool,
    ) -> Option<PreciseNumber> {
        let fee = self.made.remove(settings);
        if fee.is_some() && is_wanted && settings.block_id == self.block_id {
            self.rejections = self.rejections.saturating_add(1);
        }
        fee.or_else(|| self.take_former(settings))
    }

    fn take_former(&mut self, settings: &BenchmarkSettings) -> Option<PreciseNumber> {
        let mut former = self.former.iter();
        let index = former.position(|(other, _)| other == settings)?;
        let (_, fee) = self.former.remove(index)?;
        Some(fee)
    }

    /// Ends a row of refusals. Returns whether there was one.
    pub(crate) fn accept(&mut self, settings: &BenchmarkSettings) -> bool {
        let ends_row = self.rejections > 0 && self.made.contains_key(settings);
        if ends_row {
            self.rejections = 0;
        }
        ends_row
    }
}

/// JSON has no maps with such keys: a list of pairs instead.
mod entries {
    use super::{BTreeMap, BenchmarkSettings, Deserialize, PreciseNumber};

    pub(super) fn serialize<S: serde::Serializer>(
        map: &BTreeMap<BenchmarkSettings, PreciseNumber>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<BenchmarkSettings, PreciseNumber>, D::Error> {
        let pairs = Vec::<(BenchmarkSettings, PreciseNumber)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}
