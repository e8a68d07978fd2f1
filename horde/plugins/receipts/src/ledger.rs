//! How many receipts are stored, by page and miner, so that their number has bounds.

use std::collections::{BTreeMap, BTreeSet};

use horde_proto::receipt::jsonl::{PAGE_SECONDS, page_number};
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::judge::KEPT_MS;

/// Receipts that are stored, some 200 MB; beyond, those of other validators go, the oldest pages first.
const RECEIPTS_COUNT_MAX: u64 = 300_000;
/// Receipts of this validator among them; beyond, the oldest go. In two days 20 batches with 2,560 executors have 153,600.
const OWN_COUNT_MAX: u64 = 200_000;
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

/// Which receipts of a page are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    All,
    /// Those of this validator.
    Own,
    /// Those of other validators.
    Foreign,
}

impl Part {
    pub(crate) fn has_own(self) -> bool {
        self != Self::Foreign
    }

    pub(crate) fn has_foreign(self) -> bool {
        self != Self::Own
    }
}

/// All counts.
#[derive(Default)]
pub(crate) struct Ledger {
    pages: BTreeMap<u64, PageCounts>,
    /// Receipts of this validator, of all pages.
    own: u64,
    /// Receipts of other validators from before this page were too many, and are not taken again.
    foreign_from: u64,
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
            ledger.own += u64::from(counts.own);
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

    /// Whether a receipt of another validator is not stored: one of this page and miner.
    pub(crate) fn is_full_for(&self, page: u64, miner: &str) -> bool {
        page < self.foreign_from || self.count_of(miner) >= PER_MINER_COUNT_MAX
    }

    /// Whether more receipts are stored than are kept.
    pub(crate) fn is_full(&self) -> bool {
        self.total > RECEIPTS_COUNT_MAX
    }

    pub(crate) fn is_full_of_own(&self) -> bool {
        self.own >= OWN_COUNT_MAX
    }

    /// This validator's receipts, those of them that the miners have signed, and other validators'.
    pub(crate) fn totals(&self) -> (u64, u64, u64) {
        let countersigned = self.pages.values().map(|counts| counts.countersigned);
        let countersigned = countersigned.map(u64::from).sum();
        (self.own, countersigned, self.total - self.own)
    }

    pub(crate) fn add_own(&mut self, page: u64, is_countersigned: bool) {
        let counts = self.change(page);
        counts.own += 1;
        counts.countersigned += u32::from(is_countersigned);
        self.own += 1;
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

    /// A page and which of its receipts are to be deleted: those of a page that is too old, or the oldest of too many. A time in the future
    /// was written by a clock that was ahead. What this validator has signed itself goes for nobody else's receipts: without its own it
    /// would take one that a miner serves for another validator's.
    pub(crate) fn surplus(&self, now_ms: u64) -> Option<(u64, Part)> {
        let now_page = page_number(now_ms / 1_000);
        let kept = KEPT_MS / 1_000 / PAGE_SECONDS;
        let first = |part, is_meant: &dyn Fn(u64, &PageCounts) -> bool| {
            let mut pages = self.pages.iter();
            let page = pages.find(|(page, counts)| is_meant(**page, counts));
            page.map(|(page, _)| (*page, part))
        };
        let old = first(Part::All, &|page, _| page.abs_diff(now_page) > kept);
        if old.is_some() {
            return old;
        }
        if self.own > OWN_COUNT_MAX {
            return first(Part::Own, &|_, counts| counts.own > 0);
        }
        match self.is_full() {
            true => first(Part::Foreign, &|_, counts| !counts.foreign.is_empty()),
            false => None,
        }
    }

    /// Receipts of other validators of this page and before are not taken any more.
    pub(crate) fn refuse_foreign_to(&mut self, page: u64) {
        self.foreign_from = self.foreign_from.max(page + 1);
    }

    /// These receipts of a page are deleted.
    pub(crate) fn remove(&mut self, ctx: &mut Context<'_>, page: u64, part: Part) -> Result<()> {
        let Some(counts) = self.pages.get_mut(&page) else {
            return ctx.delete(&key(page));
        };
        let mut removed = PageCounts::default();
        if part.has_own() {
            std::mem::swap(&mut removed.own, &mut counts.own);
            counts.countersigned = 0;
        }
        if part.has_foreign() {
            removed.foreign = std::mem::take(&mut counts.foreign);
        }
        if *counts == PageCounts::default() {
            ctx.delete(&key(page))?;
            self.pages.remove(&page);
        } else {
            ctx.put(&key(page), counts)?;
        }
        self.changed.remove(&page);
        self.own -= u64::from(removed.own);
        self.total -= removed.total();
        for (miner, count) in removed.foreign {
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

    fn ms_of(page: u64) -> u64 {
        page * PAGE_SECONDS * 1_000
    }

    #[test]
    fn old_pages_go_whole() {
        let mut ledger = Ledger::default();
        for page in [1_000, 1_001, 9_000] {
            ledger.add_foreign(page, "m");
        }
        let surplus = |page| ledger.surplus(ms_of(page));
        assert_eq!(surplus(1_576), Some((9_000, Part::All)));
        assert_eq!(surplus(1_577), Some((1_000, Part::All)));
    }

    #[test]
    fn foreign_receipts_go_before_own_ones() {
        let mut ledger = Ledger::default();
        ledger.add_own(1_000, false);
        for number in 1..RECEIPTS_COUNT_MAX {
            ledger.add_foreign(1_001 + number % 2, "m");
        }
        assert_eq!(ledger.surplus(ms_of(1_002)), None);
        ledger.add_foreign(1_002, "m");
        let surplus = ledger.surplus(ms_of(1_002));
        assert_eq!(surplus, Some((1_001, Part::Foreign)));
        for number in 1..OWN_COUNT_MAX {
            ledger.add_own(1_001 + number % 2, false);
        }
        assert_eq!(ledger.surplus(ms_of(1_002)), surplus);
        ledger.add_own(1_002, false);
        let surplus = ledger.surplus(ms_of(1_002));
        assert_eq!(surplus, Some((1_000, Part::Own)));
    }

    #[test]
    fn one_miner_has_a_bound_of_its_own() {
        let mut ledger = Ledger::default();
        for number in 0..PER_MINER_COUNT_MAX {
            assert!(!ledger.is_full_for(7, "m"));
            ledger.add_foreign(u64::from(number % 7), "m");
        }
        assert!(ledger.is_full_for(7, "m"));
        assert!(!ledger.is_full_for(7, "n"));
        assert_eq!(ledger.totals(), (0, 0, PER_MINER_COUNT_MAX.into()));
    }
}
