//! One look at everything: what those outside of the validator have seen, and what the validator says of itself.

use horde_system_tests::HOTKEY;
use serde_json::Value;
use tig_system_tests::get;

use super::stage::Stage;
use crate::Result;
use crate::horde::users;

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// The newest block.
    pub(super) block: u32,
    /// The neurons of the chain.
    pub(super) neurons: Vec<Value>,
    /// What this validator has asked of the chain, with what came of it.
    pub(super) ledger: Vec<Value>,
    /// Users' jobs, as the facilitator shows them to users.
    pub(super) jobs: Vec<Value>,
    /// The buckets of S3.
    pub(super) buckets: Vec<Value>,
    /// What was asked of S3.
    pub(super) s3_calls: Vec<Value>,
    /// `GET /horde/schedule`, and so on: nothing while the host is down.
    pub(super) schedule: Value,
    pub(super) pool: Value,
    pub(super) batch: Value,
    pub(super) weights: Value,
    pub(super) status: Value,
}

impl Look {
    /// Looks.
    pub(super) fn take(stage: &Stage) -> Result<Self> {
        let miners = &stage.miners;
        let chain: Value = get(&miners.control, "/chain")?.json()?;
        let ledger: Vec<Value> = get(&miners.control, "/chain/journal")?.json()?;
        let (s3, _) = miners.language()?;
        let report: Value = get(s3.address(), "/-/report")?.json()?;
        let ask = |name: &str| {
            let answer = get(&stage.host_address, &format!("/horde/{name}"));
            answer.and_then(|answer| answer.json()).unwrap_or_default()
        };
        let block = chain["block"]["number"].as_u64().unwrap_or_default();
        Ok(Self {
            block: u32::try_from(block)?,
            neurons: list(&chain["neurons"]),
            ledger: ledger
                .into_iter()
                .filter(|entry| entry["hotkey"] == HOTKEY)
                .collect(),
            jobs: users::jobs(miners.facilitator_address()?)?,
            buckets: list(&report["buckets"]),
            s3_calls: get(s3.address(), "/-/journal")?.json()?,
            schedule: ask("schedule"),
            pool: ask("pool"),
            batch: ask("batch"),
            weights: ask("weights"),
            status: ask("status"),
        })
    }

    /// The report of the last batch, if one has ended.
    pub(super) fn last_batch(&self) -> Option<&Value> {
        Some(&self.batch["last"]).filter(|last| last.is_object())
    }

    /// What `GET /horde/weights` says of the cycle of the last batch.
    pub(super) fn last_weights(&self) -> Option<&Value> {
        let cycle = &self.last_batch()?["cycle_start"];
        let mut cycles = self.weights["cycles"].as_array()?.iter();
        cycles.find(|it| it["cycle_start"] == *cycle)
    }

    /// The newest of this validator's requests of this kind that is in a block.
    pub(super) fn included(&self, kind: &str) -> Option<&Value> {
        let mut entries = self.ledger.iter().rev();
        entries.find(|entry| entry["kind"] == kind && entry["outcome"] == "included")
    }

    /// The weight of a neuron that was revealed last; `None` before there is one.
    pub(super) fn revealed_weight(&self, hotkey: &str) -> Option<u64> {
        let weights = &self.included("reveal")?["weights"];
        let neuron = self.neurons.iter().find(|it| it["hotkey"] == hotkey)?;
        let mut uids = weights["uids"].as_array()?.iter();
        let place = uids.position(|uid| *uid == neuron["uid"]);
        Some(place.map_or(0, |place| {
            weights["values"][place].as_u64().unwrap_or_default()
        }))
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}
