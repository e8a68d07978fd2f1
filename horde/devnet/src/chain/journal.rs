//! Everything that was asked of the chain, and what came of it: the evidence of judges.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::extrinsic::{EntryKind, Extrinsic, Refusal, WeightVector};

/// Entries that are kept; the oldest go first.
const ENTRIES_COUNT_MAX: usize = 100_000;

/// Something that was asked of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// Counted from 0, in the order in which things were asked for.
    pub number: u64,
    /// SS58 address of the hotkey that asks.
    pub hotkey: String,
    /// What was asked for.
    pub kind: EntryKind,
    /// The hash, if it is a commitment with one.
    pub commit_hash: Option<String>,
    /// The weights, if it has some.
    pub weights: Option<WeightVector>,
    /// The newest block at that moment.
    pub asked_at_block: u32,
    /// What came of it on the chain, whatever the service has answered.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The fault that was ordered for it.
    pub fault: Option<String>,
}

/// What came of an entry on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// It waits for a block.
    Pending,
    /// It is in this block. A [`Schedule`](EntryKind::Schedule) is over then, and what it led to is another entry.
    Included {
        /// The block.
        block: u32,
    },
    /// The chain has refused it.
    Refused {
        /// The first block that it could not be in.
        block: u32,
        /// Why.
        refusal: Refusal,
    },
    /// The service has answered that it is in this block, and it is not (fault `forgets`).
    Forgotten {
        /// The block.
        block: u32,
    },
    /// It was in this block, which was rolled back.
    RolledBack {
        /// The block.
        block: u32,
    },
    /// Weights by hotkey that were not set before the epoch was over, or that newer ones have replaced.
    GivenUp {
        /// The newest block then.
        block: u32,
    },
}

/// What was asked for, as an entry shows it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) hotkey: &'a str,
    pub(super) kind: EntryKind,
    pub(super) commit_hash: Option<&'a str>,
    pub(super) weights: Option<&'a WeightVector>,
    pub(super) fault: Option<String>,
}

impl<'a> Asked<'a> {
    pub(super) fn extrinsic(
        hotkey: &'a str,
        extrinsic: &'a Extrinsic,
        fault: Option<String>,
    ) -> Self {
        Self {
            hotkey,
            kind: extrinsic.kind(),
            commit_hash: match extrinsic {
                Extrinsic::Commit { commit_hash } => Some(commit_hash),
                _ => None,
            },
            weights: extrinsic.weights(),
            fault,
        }
    }

    pub(super) fn schedule(hotkey: &'a str, fault: Option<String>) -> Self {
        Self {
            hotkey,
            kind: EntryKind::Schedule,
            commit_hash: None,
            weights: None,
            fault,
        }
    }
}

/// The entries, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<JournalEntry>,
    /// The number of the next entry.
    next: u64,
}

impl Journal {
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &JournalEntry> {
        self.entries.iter()
    }

    /// Adds an entry; returns its number.
    pub(super) fn note(&mut self, asked: Asked<'_>, newest: u32, outcome: Outcome) -> u64 {
        let number = self.next;
        self.next += 1;
        if self.entries.len() == ENTRIES_COUNT_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(JournalEntry {
            number,
            hotkey: asked.hotkey.to_owned(),
            kind: asked.kind,
            commit_hash: asked.commit_hash.map(str::to_owned),
            weights: asked.weights.cloned(),
            asked_at_block: newest,
            outcome,
            fault: asked.fault,
        });
        number
    }

    pub(super) fn outcome(&self, number: u64) -> Option<Outcome> {
        let index = self.index(number)?;
        self.entries.get(index).map(|entry| entry.outcome)
    }

    pub(super) fn set_outcome(&mut self, number: u64, outcome: Outcome) {
        let entry = self.index(number);
        let entry = entry.and_then(|index| self.entries.get_mut(index));
        if let Some(entry) = entry {
            entry.outcome = outcome;
        }
    }

    /// Notes that all blocks above `newest` were rolled back.
    pub(super) fn roll_back(&mut self, newest: u32) {
        for entry in &mut self.entries {
            match entry.outcome {
                Outcome::Included { block } if block > newest => {
                    entry.outcome = Outcome::RolledBack { block };
                }
                _ => {}
            }
        }
    }

    fn index(&self, number: u64) -> Option<usize> {
        let first = self.entries.front()?.number;
        usize::try_from(number.checked_sub(first)?).ok()
    }
}
