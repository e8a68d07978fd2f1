//! A pool whose host is killed at some moments, and what must hold afterwards.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Pipeline, PipelineError, PipelineOptions};
use crate::artifacts::Artifacts;

/// Longest time from the start of the host to the kill: filling the pool and a batch take about as long.
pub const KILL_AFTER_MAX: Duration = Duration::from_millis(900);
/// Longest time for the pool to fill after kills. A station pauses for 30 s after a job that was cut, and for 60 s after the next.
const FILL_MAX: Duration = Duration::from_secs(200);
/// Longest time for the batch that was cut to end.
const BATCH_END_MAX: Duration = Duration::from_secs(60);
/// Time between two looks while a kill is awaited.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
/// Columns that cost a miner something.
const BLAME: [&str; 5] = ["wrong", "failed", "declined", "late", "unreachable"];

impl Pipeline {
    /// Starts a pool in `folder`, and a batch as soon as it is full; kills the host so long after each of its starts; and returns
    /// everything that must not be: a pool that does not fill again, a miner that is blamed, a sample that is used twice, a workload
    /// that is lost, an object that no record names.
    ///
    /// # Errors
    ///
    /// See [`PipelineError`].
    pub fn kill_at(
        artifacts: &Artifacts,
        folder: &Path,
        moments: &[Duration],
    ) -> Result<Vec<String>, PipelineError> {
        let options = PipelineOptions::default();
        let mut pipeline = Self::start(artifacts, folder, &options)?;
        let mut faults = Vec::new();
        for after in moments {
            pipeline.work_until(Instant::now() + *after)?;
            pipeline.kill()?;
        }
        faults.extend(blame(&pipeline.wait_for_batch_end(BATCH_END_MAX)?));
        pipeline.wait_until_full(FILL_MAX)?;
        let (code, batch) = pipeline.run_batch()?;
        let jobs = options.miners as u64;
        if code != 0 || sum(&batch, "right") != jobs {
            faults.push(format!("the next batch is not right: {batch}"));
        }
        faults.extend(pipeline.dropped_workloads());
        faults.extend(pipeline.audit()?);
        Ok(faults)
    }

    /// Lets the pool fill, and begins a batch when it is full.
    fn work_until(&self, end: Instant) -> Result<(), PipelineError> {
        let mut batch = None;
        while Instant::now() < end {
            let is_full = |pool: Value| pool["samples"]["ready"] == pool["samples"]["wanted"];
            if batch.is_none() && self.pool().is_ok_and(is_full) {
                // It is refused while the one before the kill goes on.
                batch = Some(self.begin_batch()?);
            }
            thread::sleep(LOOK_INTERVAL);
        }
        Ok(())
    }

    /// Workloads that were given up, with their reasons: no kill is a reason.
    #[must_use]
    pub fn dropped_workloads(&self) -> Vec<String> {
        let log = self.log();
        let lines = log.lines();
        let dropped = lines.filter(|line| line.contains("workload is dropped"));
        dropped.map(str::to_owned).collect()
    }
}

/// The miners of a batch that were blamed; they are honest.
fn blame(batch: &Value) -> Vec<String> {
    let blamed = BLAME.iter().filter(|column| sum(batch, column) > 0);
    blamed
        .map(|column| format!("honest miners are `{column}`: {batch}"))
        .collect()
}

/// Sum of a column over the miners of a batch.
fn sum(batch: &Value, column: &str) -> u64 {
    let miners = batch["miners"].as_array().into_iter().flatten();
    let classes = miners.flat_map(|miner| miner["classes"].as_array().into_iter().flatten());
    classes.filter_map(|class| class[column].as_u64()).sum()
}
