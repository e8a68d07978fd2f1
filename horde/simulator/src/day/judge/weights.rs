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
    /// Hashes that the host has sent, whether they came to the chain or not.
    sent: BTreeSet<String>,
    /// Right answers in the batches, by cycle.
    right: BTreeMap<u32, u64>,
}

impl Weights {
    /// The host has sent this about weights.
    pub(super) fn note_sent(&mut self, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let hash = body["commit_hash"].as_str();
        self.sent.extend(hash.map(str::to_owned));
    }

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

    /// What the chain has of this validator. One that was not true may have weights that the validator had to give up.
    pub(super) fn check_journal<'a>(
        &self,
        journal: impl Iterator<Item = &'a JournalEntry>,
        is_chain_true: bool,
    ) -> Result<(), Fault> {
        let ours: Vec<_> = journal.filter(|entry| entry.hotkey == HOTKEY).collect();
        let is_included =
            |entry: &&&JournalEntry| matches!(entry.outcome, Outcome::Included { .. });
        let included = |kind: EntryKind| {
            let entries = ours.iter().filter(move |entry| entry.kind == kind);
            entries.filter(is_included)
        };
        let known: BTreeSet<_> = self
            .said
            .values()
            .filter_map(|it| it.hash.as_ref())
            .collect();
        for hash in &self.sent {
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
        if reveals < revealed || reveals > revealed && is_chain_true {
            let text = format!("{reveals} reveals, and {revealed} cycles are revealed");
            return Err(("weights of a cycle are revealed once", text));
        }
        let kinds = [EntryKind::Set, EntryKind::TimelockedCommit];
        let sets: usize = kinds.map(|kind| included(kind).count()).iter().sum();
        let applied = self.count("applied");
        if sets < applied || sets > applied && is_chain_true {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CYCLE: u32 = 10_094;

    fn said(cycle: &Value) -> Weights {
        let mut weights = Weights::default();
        report(&mut weights, cycle).unwrap();
        weights
    }

    fn report(weights: &mut Weights, cycle: &Value) -> Result<(), &'static str> {
        let mut cycle = cycle.clone();
        cycle["cycle_start"] = json!(CYCLE);
        let reported = weights.report(&json!({ "cycles": [cycle] }));
        reported.map_err(|(property, _)| property)
    }

    fn entry(kind: EntryKind, commit_hash: Option<&str>) -> JournalEntry {
        JournalEntry {
            number: 0,
            hotkey: HOTKEY.to_owned(),
            kind,
            commit_hash: commit_hash.map(str::to_owned),
            weights: None,
            asked_at_block: CYCLE,
            outcome: Outcome::Included { block: CYCLE },
            fault: None,
        }
    }

    fn journal(weights: &Weights, entries: &[JournalEntry]) -> Result<(), &'static str> {
        let checked = weights.check_journal(entries.iter(), true);
        checked.map_err(|(property, _)| property)
    }

    #[test]
    fn second_hash_or_end_of_a_cycle_is_found() {
        let mut weights = said(&json!({ "commit_hash": "0x1" }));
        let other = json!({ "commit_hash": "0x2" });
        let two = Err("a cycle commits to one hash");
        assert_eq!(report(&mut weights, &other), two);
        weights.note_sent(br#"{"commit_hash": "0x1"}"#);
        assert_eq!(journal(&weights, &[]), Ok(()));
        weights.note_sent(br#"{"commit_hash": "0x3"}"#);
        assert_eq!(journal(&weights, &[]), two);

        let applied = json!({ "end": { "end": "applied", "block": 1 } });
        let mut weights = said(&applied);
        assert_eq!(report(&mut weights, &applied), Ok(()));
        let other = json!({ "end": { "end": "given_up", "reason": "none" } });
        let twice = Err("the weights of a cycle end once");
        assert_eq!(report(&mut weights, &other), twice);
        assert_eq!(report(&mut said(&applied), &json!({})), twice);
    }

    #[test]
    fn weights_not_once_on_the_chain_are_found() {
        let weights = said(&json!({ "end": { "end": "applied", "block": 1 } }));
        let set = || entry(EntryKind::Set, None);
        assert_eq!(journal(&weights, &[set()]), Ok(()));
        let not_once = Err("weights of a cycle are set once");
        assert_eq!(journal(&weights, &[]), not_once);
        assert_eq!(journal(&weights, &[set(), set()]), not_once);

        let end = json!({ "commit_hash": "0x1", "end": { "end": "revealed", "block": 1 } });
        let mut weights = said(&end);
        weights.note_sent(br#"{"commit_hash": "0x1"}"#);
        let commit = || entry(EntryKind::Commit, Some("0x1"));
        let reveal = || entry(EntryKind::Reveal, None);
        assert_eq!(journal(&weights, &[commit(), reveal()]), Ok(()));
        let twice = [commit(), commit(), reveal()];
        let not_once = Err("a commitment is on the chain once");
        assert_eq!(journal(&weights, &twice), not_once);
        let twice = [commit(), reveal(), reveal()];
        let not_once = Err("weights of a cycle are revealed once");
        assert_eq!(journal(&weights, &twice), not_once);
    }

    #[test]
    fn weights_without_end_or_reason_are_found() {
        let times = Times::default();
        let check = |weights: &Weights, has_batch, times: &Times| {
            let checked = weights.check(CYCLE, has_batch, times);
            checked.map_err(|(property, _)| property)
        };
        let none = Err("the weights of a cycle end");
        assert_eq!(check(&Weights::default(), true, &times), none);
        let weights = said(&json!({ "end": { "end": "given_up", "reason": "none" } }));
        let unexplained = Err("weights are given up for a reason");
        assert_eq!(check(&weights, true, &times), unexplained);
        assert_eq!(check(&weights, false, &times), Ok(()));
        let mut faulty = Times::default();
        faulty.block(CYCLE, true, true, &[]);
        assert_eq!(check(&weights, true, &faulty), Ok(()));
    }
}
