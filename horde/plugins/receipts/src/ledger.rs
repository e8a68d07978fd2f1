//! How many receipts are stored, by page and miner, so that their number has bounds.

use std::collections::{BTreeMap, BTreeSet};

use horde_proto::receipt::jsonl::{PAGE_SECONDS, page_number};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::judge::KEPT_MS;

/// Receipts that are stored, some 200 MB; beyond, the oldest pages go first.
const RECEIPTS_COUNT_MAX: u64 = 300_000;
/// Receipts of one miner that are stored, so that one alone cannot push out those of the others.
const PER_MINER_COUNT_MAX: u32 = 20_000;

const PREFIX: &str = "count/";

/// Receipts of one page.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct PageCounts {
    /// Those of this validator.
    pub(crate) own: u32,
    /// Those of them that the miner has signed, too.
    pub(crate) countersigned: u32,
    /// Those of other validators, by miner.
    pub(crate) foreign: BTreeMap<String, u32>,
}

impl PageCounts {
    fn total(&self) -> u64 {
        let foreign: u64 = self.foreign.values().map(|count| u64::from(*count)).sum();
        u64::from(self.own) + foreign
    }
}

/// All counts.
#[derive(Default)]
pub(crate) struct Ledger {
    pages: BTreeMap<u64, PageCounts>,
    /// Receipts of other validators by miner, of all pages.
    miners: BTreeMap<String, u32>,
    total: u64,
    /// Pages whose counts are not stored yet.
    changed: BTreeSet<u64>,
}

impl Ledger {
    /// Reads what is stored.
    pub(crate) fn restore(ctx: &mut Context<'_>) -> Result<Self> {
        let mut ledger = Self::default();
        for (key, counts) in ctx.scan_sound::<PageCounts>(PREFIX)? {
            let page = key.strip_prefix(PREFIX).and_then(|page| page.parse().ok());
            let Some(page) = page else {
                ctx.set_aside(&key, "its key has no number")?;
                continue;
            };
            ledger.total += counts.total();
            for (miner, count) in &counts.foreign {
                *ledger.miners.entry(miner.clone()).or_default() += count;
            }
            ledger.pages.insert(page, counts);
        }
        Ok(ledger)
    }

    /// Receipts of other validators, of this miner.
    pub(crate) fn count_of(&self, miner: &str) -> u32 {
        self.miners.get(miner).copied().unwrap_or_default()
    }

    pub(crate) fn is_full_for(&self, miner: &str) -> bool {
        self.count_of(miner) >= PER_MINER_COUNT_MAX
    }

    /// This validator's receipts, those of them that the miners have signed, and other validators'.
    pub(crate) fn totals(&self) -> (u64, u64, u64) {
        let sum = |count: fn(&PageCounts) -> u32| {
            let counts = self.pages.values().map(count);
            counts.map(u64::from).sum::<u64>()
        };
        let own = sum(|counts| counts.own);
        let countersigned = sum(|counts| counts.countersigned);
        (own, countersigned, self.total - own)
    }

    pub(crate) fn add_own(&mut self, page: u64, is_countersigned: bool) {
        let counts = self.change(page);
        counts.own += 1;
        counts.countersigned += u32::from(is_countersigned);
        self.total += 1;
    }

    pub(crate) fn add_countersignature(&mut self, page: u64) {
        self.change(page).countersigned += 1;
    }

    pub(crate) fn add_foreign(&mut self, page: u64, miner: &str) {
        *self
            .change(page)
            .foreign
            .entry(miner.to_owned())
            .or_default() += 1;
        *self.miners.entry(miner.to_owned()).or_default() += 1;
        self.total += 1;
    }

    /// A page of which receipts are to be deleted: one that is too old, or the oldest of too many. A time in the future was written
    /// by a clock that was ahead.
    pub(crate) fn surplus_page(&self, now_ms: u64) -> Option<u64> {
        let now_page = page_number(now_ms / 1_000);
        let kept = KEPT_MS / 1_000 / PAGE_SECONDS;
        let is_old = |page: &u64| page.abs_diff(now_page) > kept;
        if self.total > RECEIPTS_COUNT_MAX {
            return self.pages.keys().next().copied();
        }
        self.pages.keys().copied().find(is_old)
    }

    /// All receipts of a page are deleted.
    pub(crate) fn remove_page(&mut self, ctx: &mut Context<'_>, page: u64) -> Result<()> {
        ctx.delete(&key(page))?;
        self.changed.remove(&page);
        let Some(counts) = self.pages.remove(&page) else {
            return Ok(());
        };
        self.total -= counts.total();
        for (miner, count) in counts.foreign {
            if let Some(left) = self.miners.get_mut(&miner) {
                *left = left.saturating_sub(count);
                if *left == 0 {
                    self.miners.remove(&miner);
                }
            }
        }
        Ok(())
    }

    /// Stores what has changed, once for a handler.
    pub(crate) fn store(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        for page in std::mem::take(&mut self.changed) {
            if let Some(counts) = self.pages.get(&page) {
                ctx.put(&key(page), counts)?;
            }
        }
        Ok(())
    }

    fn change(&mut self, page: u64) -> &mut PageCounts {
        self.changed.insert(page);
        self.pages.entry(page).or_default()
    }
}

fn key(page: u64) -> String {
    format!("{PREFIX}{page:010}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_go_when_they_are_old_or_too_many() {
        let mut ledger = Ledger::default();
        for page in [1_000, 1_001, 9_000] {
            ledger.add_foreign(page, "m");
        }
        let ms_of = |page: u64| page * PAGE_SECONDS * 1_000;
        assert_eq!(ledger.surplus_page(ms_of(1_576)), Some(9_000));
        assert_eq!(ledger.surplus_page(ms_of(1_577)), Some(1_000));
        let mut ledger = Ledger::default();
        for number in 0..=RECEIPTS_COUNT_MAX {
            ledger.add_own(1_000 + number % 2, false);
        }
        assert_eq!(ledger.surplus_page(ms_of(1_001)), Some(1_000));
    }

    #[test]
    fn one_miner_has_a_bound_of_its_own() {
        let mut ledger = Ledger::default();
        for number in 0..PER_MINER_COUNT_MAX {
            assert!(!ledger.is_full_for("m"));
            ledger.add_foreign(u64::from(number % 7), "m");
        }
        assert!(ledger.is_full_for("m"));
        assert!(!ledger.is_full_for("n"));
        assert_eq!(ledger.totals(), (0, 0, PER_MINER_COUNT_MAX.into()));
    }
}
