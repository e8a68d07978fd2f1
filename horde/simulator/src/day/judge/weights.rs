//! Weights of cycles: what the chain has of them, and how the validator says that they ended.

use std::collections::{BTreeMap, BTreeSet};

use horde_calc::schedule::BlockRange;
use horde_devnet::chain::{EntryKind, JournalEntry, Outcome};
use horde_system_tests::HOTKEY;
use serde_json::Value;

use super::super::scenario::CYCLE_BLOCKS;
use super::times::Times;
use crate::judge::jobs::Fault;

/// Cycles from the beginning of one until its weights are over.
const WEIGHTS_CYCLES: u32 = 3;

/// The validator's word for weights that are not on the chain and will not be.
const GIVEN_UP: &str = "given_up";

/// What the validator has said of the weights of a cycle.
#[derive(Debug, Default)]
struct Said {
    hash: Option<String>,
    end: Option<Value>,
}

/// The weights of all cycles.
#[derive(Debug, Default)]
pub(super) struct Weights {
    said: BTreeMap<u32, Said>,
    /// Right answers in the batches, by cycle.
    right: BTreeMap<u32, u64>,
}

impl Weights {
    /// The last batch that is over, as the validator reports it.
    pub(super) fn note_batch(&mut self, last: &Value) {
        let Some(cycle) = number(&last["cycle_start"]) else {
            return;
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let miners = list(&last["miners"]).into_iter();
        let classes = miners.flat_map(|miner| list(&miner["classes"]));
        let right = classes.filter_map(|class| class["right"].as_u64()).sum();
        self.right.insert(cycle, right);
    }

    /// What `GET /horde/weights` says: a cycle has one hash, and one end.
    pub(super) fn report(&mut self, report: &Value) -> Result<(), Fault> {
        for cycle in report["cycles"].as_array().into_iter().flatten() {
            let Some(start) = number(&cycle["cycle_start"]) else {
                continue;
            };
            let said = self.said.entry(start).or_default();
            if let Some(hash) = cycle["commit_hash"].as_str() {
                let first = said.hash.get_or_insert_with(|| hash.to_owned());
                if first != hash {
                    let text = format!("cycle {start}: {first} and {hash}");
                    return Err(("a cycle commits to one hash", text));
                }
            }
            match (&said.end, &cycle["end"]) {
                (None, Value::Null) => {}
                (None, end) => said.end = Some(end.clone()),
                (Some(first), end) if first == end => {}
                (Some(first), end) => {
                    let text = format!("cycle {start}: {first}, then {end}");
                    return Err(("the weights of a cycle end once", text));
                }
            }
        }
        Ok(())
    }

    fn end(&self, cycle: u32) -> Option<&str> {
        self.said.get(&cycle)?.end.as_ref()?["end"].as_str()
    }

    /// Whether the validator says that weights of this cycle are on the chain.
    pub(super) fn is_on_chain(&self, cycle: u32) -> bool {
        self.end(cycle).is_some_and(|end| end != GIVEN_UP)
    }

    fn count(&self, wanted: &str) -> usize {
        let cycles = self.said.keys();
        cycles
            .filter(|cycle| self.end(**cycle) == Some(wanted))
            .count()
    }

    /// What the chain has of this validator.
    pub(super) fn check_journal<'a>(
        &self,
        journal: impl Iterator<Item = &'a JournalEntry>,
        has_faults: bool,
    ) -> Result<(), Fault> {
        let ours: Vec<_> = journal.filter(|entry| entry.hotkey == HOTKEY).collect();
        let is_included =
            |entry: &&&JournalEntry| matches!(entry.outcome, Outcome::Included { .. });
        let included = |kind: EntryKind| {
            let entries = ours.iter().filter(move |entry| entry.kind == kind);
            entries.filter(is_included)
        };
        let hashes = ours.iter().filter_map(|entry| entry.commit_hash.as_ref());
        let known: BTreeSet<_> = self
            .said
            .values()
            .filter_map(|it| it.hash.as_ref())
            .collect();
        for hash in hashes.collect::<BTreeSet<_>>() {
            if !known.contains(hash) {
                return Err((
                    "a cycle commits to one hash",
                    format!("{hash} is of no cycle"),
                ));
            }
            let commits = included(EntryKind::Commit);
            if commits
                .filter(|it| it.commit_hash.as_ref() == Some(hash))
                .count()
                > 1
            {
                return Err(("a commitment is on the chain once", hash.clone()));
            }
        }
        let (reveals, revealed) = (included(EntryKind::Reveal).count(), self.count("revealed"));
        if reveals < revealed || reveals > revealed && !has_faults {
            let text = format!("{reveals} reveals, and {revealed} cycles are revealed");
            return Err(("weights of a cycle are revealed once", text));
        }
        let kinds = [EntryKind::Set, EntryKind::TimelockedCommit];
        let sets: usize = kinds.map(|kind| included(kind).count()).iter().sum();
        let applied = self.count("applied");
        if sets < applied || sets > applied && !has_faults {
            let text = format!("set {sets} times, and {applied} cycles are applied");
            return Err(("weights of a cycle are set once", text));
        }
        Ok(())
    }

    /// The weights of a cycle have an end, and were given up for a reason that can be seen from outside.
    pub(super) fn check(&self, cycle: u32, has_batch: bool, times: &Times) -> Result<(), Fault> {
        let Some(end) = self.end(cycle) else {
            let text = format!("cycle {cycle}: {:?}", self.said.get(&cycle));
            return Err(("the weights of a cycle end", text));
        };
        let blocks = BlockRange {
            start: i64::from(cycle),
            stop: i64::from(cycle + WEIGHTS_CYCLES * CYCLE_BLOCKS),
        };
        let has_scores = self.right.get(&cycle).is_none_or(|right| *right > 0);
        let is_explained = !has_batch
            || !has_scores
            || times.is_faulty(blocks)
            || times.is_unregistered(blocks)
            || times.is_any_absent(blocks);
        if end == GIVEN_UP && !is_explained {
            let text = format!("cycle {cycle}: {:?}", self.said.get(&cycle));
            return Err(("weights are given up for a reason", text));
        }
        Ok(())
    }
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|it| u32::try_from(it).ok())
}
