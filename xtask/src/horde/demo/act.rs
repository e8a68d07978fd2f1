//! What the demo itself does to the network, and when. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::judge::BUCKET_FAILURES;
use super::look::Look;
use super::stage::BUCKETS;
use super::user_jobs::USER_JOBS;

/// Blocks before the slot at which time is normal again: links to miners are opened ten blocks before it.
const SLOT_LEAD_BLOCKS: u64 = 14;
/// The same before the end of the cycle.
const END_LEAD_BLOCKS: u64 = 2;

/// Something that the demo does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Act {
    /// Has the bucket of answers fail.
    FailBucket(String),
    /// Makes blocks in which nothing would happen at once.
    Skip { blocks: u64, why: &'static str },
    /// Orders users' jobs.
    Order,
}

impl Act {
    /// For people.
    pub(super) fn text(&self) -> String {
        match self {
            Self::FailBucket(fault) => format!("S3 gets the fault {fault}"),
            Self::Skip { blocks, why } => format!("skipped {blocks} blocks {why}"),
            Self::Order => format!("users order {} jobs", USER_JOBS.len()),
        }
    }
}

/// What was done, and what is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    /// The bucket is still to be made to fail.
    is_fault_due: bool,
    is_ordered: bool,
    /// First blocks of the cycles whose blocks before the slot, and before the end, were skipped.
    to_slot: BTreeSet<u64>,
    to_end: BTreeSet<u64>,
}

impl Plan {
    pub(super) fn new(has_faults: bool) -> Self {
        Self {
            is_fault_due: has_faults,
            is_ordered: false,
            to_slot: BTreeSet::new(),
            to_end: BTreeSet::new(),
        }
    }

    /// What is to be done now.
    pub(super) fn next(&mut self, look: &Look, was_pool_full: bool) -> Vec<Act> {
        let mut acts = Vec::new();
        if was_pool_full && look.schedule["code"] == "waiting" {
            // Now that the pool rests, the next answers that are read are those of the batch.
            if std::mem::take(&mut self.is_fault_due) {
                acts.push(Act::FailBucket(fault()));
            }
            acts.extend(self.skip_to_slot(look));
        }
        // Before a batch the validator knows of no executor that it could choose.
        if look.last_batch().is_some() && !std::mem::replace(&mut self.is_ordered, true) {
            acts.push(Act::Order);
        }
        acts.extend(self.skip_to_end(look));
        acts
    }

    fn skip_to_slot(&mut self, look: &Look) -> Option<Act> {
        // Windows for weights would be skipped, too.
        if weighted_cycles(look).any(|cycle| cycle["end"].is_null()) {
            return None;
        }
        let slot = &look.schedule["slot"]["block"];
        let blocks = blocks_until(look, slot, SLOT_LEAD_BLOCKS)?;
        let cycle = look.schedule["cycle"]["start"].as_u64()?;
        self.to_slot.insert(cycle).then_some(Act::Skip {
            blocks,
            why: "to the slot: the pool is full",
        })
    }

    fn skip_to_end(&mut self, look: &Look) -> Option<Act> {
        let weights = look.last_weights().filter(|it| it["state"] == "scored")?;
        let cycle = weights["cycle_start"].as_u64()?;
        let mut others = weighted_cycles(look).filter(|it| it["cycle_start"] != cycle);
        if others.any(|other| other["end"].is_null()) {
            return None;
        }
        let blocks = blocks_until(look, &weights["cycle_stop"], END_LEAD_BLOCKS)?;
        self.to_end.insert(cycle).then_some(Act::Skip {
            blocks,
            why: "to the end of the cycle: the batch is scored",
        })
    }
}

/// Cycles whose batch has weights, on the chain or on their way.
fn weighted_cycles(look: &Look) -> impl Iterator<Item = &Value> {
    look.weights["cycles"].as_array().into_iter().flatten()
}

/// Answers cannot be read so many times.
fn fault() -> String {
    let [_, answers] = BUCKETS;
    format!("status:503@get={answers}/solved/*{BUCKET_FAILURES}")
}

/// Blocks up to so many before this one, if there are any.
fn blocks_until(look: &Look, block: &Value, lead: u64) -> Option<u64> {
    let block = block.as_u64()?.checked_sub(lead)?;
    let blocks = block.checked_sub(look.block.into())?;
    (blocks > 0).then_some(blocks)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn look(weights: &Value, last: &Value) -> Look {
        Look {
            block: 100,
            schedule: json!({
                "code": "waiting",
                "cycle": { "start": 50 },
                "slot": { "block": 200 },
            }),
            weights: json!({ "cycles": weights }),
            batch: json!({ "last": last }),
            ..Look::default()
        }
    }

    #[test]
    fn slot_is_skipped_to_once_the_pool_is_full() {
        let mut plan = Plan::new(true);
        let calm = look(&json!([]), &Value::Null);
        assert!(plan.next(&calm, false).is_empty());
        let acts = plan.next(&calm, true);
        assert_eq!(acts.len(), 2, "{acts:?}");
        assert!(matches!(&acts[0], Act::FailBucket(fault) if fault.contains("demo-answers")));
        assert!(matches!(acts[1], Act::Skip { blocks: 86, .. }));
        assert!(plan.next(&calm, true).is_empty());
    }

    #[test]
    fn windows_of_weights_are_not_skipped() {
        let mut plan = Plan::new(false);
        let open = json!([{ "cycle_start": 1, "state": "committed" }]);
        assert!(plan.next(&look(&open, &Value::Null), true).is_empty());
        let over = json!([{ "cycle_start": 1, "state": "revealed", "end": { "end": "revealed" } }]);
        assert_eq!(plan.next(&look(&over, &Value::Null), true).len(), 1);
    }

    #[test]
    fn scored_batch_brings_orders_and_the_cycle_end() {
        let mut plan = Plan::new(false);
        let scored = json!([{ "cycle_start": 50, "cycle_stop": 300, "state": "scored" }]);
        let look = look(&scored, &json!({ "cycle_start": 50 }));
        let acts = plan.next(&look, true);
        assert_eq!(acts.len(), 2, "{acts:?}");
        assert_eq!(acts[0], Act::Order);
        assert!(matches!(acts[1], Act::Skip { blocks: 198, .. }));
        assert!(plan.next(&look, true).is_empty());
    }
}
