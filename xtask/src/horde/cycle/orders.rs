//! Users who order jobs at the facilitator.

use std::time::Duration;

use horde_system_tests::Miners;
use serde_json::{Value, json};
use tig_system_tests::get;

use super::settled::is_settled;
use crate::Result;
use crate::horde::users::order;

/// Jobs that are ordered one after another.
pub(super) struct Orders {
    /// `IP:PORT` of the facilitator.
    address: String,
    hotkeys: Vec<String>,
    ordered: u32,
    count: u32,
    /// Time in which all are ordered.
    span: Duration,
}

impl Orders {
    pub(super) fn new(miners: &Miners, count: u32, span: Duration) -> Result<Self> {
        Ok(Self {
            address: miners.facilitator_address()?.to_owned(),
            hotkeys: miners
                .miners
                .iter()
                .map(|miner| miner.hotkey.clone())
                .collect(),
            ordered: 0,
            count,
            span,
        })
    }

    /// Orders what is due by now. A facilitator with faults may refuse an order, which is then none.
    pub(super) fn order_due(&mut self, elapsed: Duration) -> Result<()> {
        while self.ordered < self.count
            && elapsed >= self.span * (self.ordered + 1) / (self.count + 1)
        {
            order(&self.address, &self.body(self.ordered))?;
            self.ordered += 1;
        }
        Ok(())
    }

    /// Each version in turn; every third of the first two names a miner that misbehaves.
    fn body(&self, number: u32) -> Value {
        let version = ["V2", "V1", "V0"][number as usize % 3];
        let mut body = json!({
            "docker_image": "backenddevelopersltd/print:v1",
            "args": ["echo", format!("job {number}")],
            "version": version,
        });
        if !number.is_multiple_of(3) {
            let index = number as usize % self.hotkeys.len();
            body["miner_hotkey"] = json!(self.hotkeys[index]);
        }
        body
    }

    /// Whether each job that the facilitator has taken has an end.
    pub(super) fn are_over(&self) -> Result<bool> {
        let report: Value = get(&self.address, "/control/report")?.json()?;
        let jobs = report["jobs"].as_array();
        Ok(jobs
            .into_iter()
            .flatten()
            .all(|job| is_settled(&report, job)))
    }
}
