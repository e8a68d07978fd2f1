//! The last batch, by class and result.

use std::collections::BTreeMap;

use horde_events::BatchOver;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use super::{BATCH, Board};

/// A batch that has ended.
#[derive(Deserialize, Serialize)]
pub(crate) struct LastBatch {
    batch: String,
    cycle_start: Option<u64>,
    pub(super) is_whole: bool,
    /// When it was known, in Unix milliseconds.
    pub(super) at_ms: u64,
    /// Number of jobs, by class and result.
    pub(super) classes: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Board {
    /// Whether the batch was not known yet: the event may come twice.
    pub(crate) fn set_batch(&mut self, ctx: &mut Context<'_>, over: &BatchOver) -> Result<bool> {
        let last = self.batch.as_ref();
        if last.is_some_and(|last| last.batch == over.batch) {
            return Ok(false);
        }
        let mut classes = BTreeMap::<String, BTreeMap<String, u64>>::new();
        for job in &over.jobs {
            let results = classes.entry(job.executor_class.clone()).or_default();
            *results.entry(job.result.clone()).or_default() += 1;
        }
        let last = LastBatch {
            batch: over.batch.clone(),
            cycle_start: over.cycle_start,
            is_whole: over.is_whole,
            at_ms: ctx.now_ms(),
            classes,
        };
        ctx.put(BATCH, &last)?;
        self.batch = Some(last);
        let costly = over.jobs.iter().filter(|job| {
            let result = job.result.as_str();
            !matches!(result, "right" | "excused" | "interrupted")
        });
        let failures = costly.map(|job| (&*job.hotkey, &*job.result));
        self.miners.add(ctx, failures, None)?;
        Ok(true)
    }
}
