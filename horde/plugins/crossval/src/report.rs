//! Metrics, and what each station does in words.

use tig_plugin_api::prelude::*;

use crate::Crossval;
use crate::limits::DOOMED_MAX;
use crate::station::StationName;
use crate::trusted::{Phase, Task};

impl Crossval {
    pub(crate) fn report_metrics(&self, ctx: &mut Context<'_>) {
        ctx.gauge("llm_series", &[], self.pool.live_series() as f64);
        ctx.gauge("llm_workloads", &[], self.pool.workloads.len() as f64);
        ctx.gauge("llm_samples_ready", &[], self.pool.samples.len() as f64);
    }

    /// What a station does or waits for.
    pub(crate) fn describe(&self, name: StationName, now_ms: u64) -> String {
        if self.buckets.is_none() {
            return "waits: no buckets are configured".to_owned();
        }
        if let Some(text) = self.describe_work(name) {
            return text;
        }
        if self.live.is_draining {
            return "waits: the host drains".to_owned();
        }
        let station = self.stations.get(&name);
        if station.is_some_and(|station| station.paused_until_ms(now_ms).is_some()) {
            return "pauses after a failure".to_owned();
        }
        match name {
            StationName::Generation => self.describe_generation(now_ms),
            StationName::Sampling => self.describe_sampling(now_ms),
            StationName::Upload => "rests: no workload waits".to_owned(),
            StationName::Answering if self.pool.next_workload().is_none() => {
                "rests: no workload waits".to_owned()
            }
            StationName::Answering => self.describe_trusted_miner(name, now_ms),
        }
    }

    fn describe_work(&self, name: StationName) -> Option<String> {
        match name {
            StationName::Sampling => {
                let run = self.live.run.as_ref()?;
                Some(format!("runs: {} workloads are made", run.made))
            }
            StationName::Upload => {
                let count = self.live.uploads.len();
                (count > 0).then(|| format!("runs: {count} workloads are on their way"))
            }
            StationName::Generation | StationName::Answering => {
                let job = self.job.as_ref()?;
                let is_generation = matches!(job.task, Task::Generate { .. });
                if is_generation != (name == StationName::Generation) {
                    return None;
                }
                let phase = match job.phase {
                    Phase::Linking => "it waits for a link to the trusted miner",
                    Phase::Asked => "the trusted miner has it",
                    Phase::Reading => "its answers are read from the bucket",
                };
                Some(format!("runs {}: {phase}", job.task.text()))
            }
        }
    }

    fn describe_generation(&self, now_ms: u64) -> String {
        if !self.lacks_series() {
            return format!("rests: {} series are there", self.pool.live_series());
        }
        if self.pool.doomed.len() >= DOOMED_MAX {
            return format!("waits: {DOOMED_MAX} objects must be deleted first");
        }
        self.describe_trusted_miner(StationName::Generation, now_ms)
    }

    fn describe_trusted_miner(&self, name: StationName, now_ms: u64) -> String {
        if !self.config.has_trusted_miner() {
            return "waits: no trusted miner is configured".to_owned();
        }
        if let Some(bucket) = self.failing_bucket(name, now_ms) {
            return format!("waits: the bucket of {} does not work", bucket.text());
        }
        match &self.job {
            Some(job) => format!(
                "waits for the trusted miner, which does {}",
                job.task.text()
            ),
            _ => "waits for its turn".to_owned(),
        }
    }

    fn describe_sampling(&self, now_ms: u64) -> String {
        let target = self.target();
        let missing = self.pool.missing(&target);
        if missing == 0 {
            return "rests: all samples are there".to_owned();
        }
        if self.has_enough_series(now_ms) {
            return "waits for its turn".to_owned();
        }
        let usable = self.pool.usable(&target).len();
        let needed = missing.min(target.per_workload);
        format!("waits for series: {usable} can be used, {needed} are needed")
    }
}
