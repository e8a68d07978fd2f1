//! Metrics, and the answer of `GET /horde/pool`.

use serde_json::{Map, Value, json};
use tig_plugin_api::prelude::*;

use crate::Crossval;
use crate::limits::{DOOMED_MAX, WORKLOADS_SHOWN_MAX};
use crate::station::StationName;
use crate::trusted::{Phase, Task};

impl Crossval {
    pub(crate) fn report_metrics(&self, ctx: &mut Context<'_>) {
        ctx.gauge("llm_series", &[], self.pool.live_series() as f64);
        ctx.gauge("llm_workloads", &[], self.pool.workloads.len() as f64);
        ctx.gauge("llm_samples_ready", &[], self.pool.samples.len() as f64);
    }

    /// How full each station is, what it does or waits for, since when, and its last failure.
    pub(crate) fn report(&self, now_ms: u64) -> Value {
        let target = self.target();
        let mut stations = Map::new();
        for name in StationName::ALL {
            let station = self.station(name);
            let state = self.live.states.get(&name);
            stations.insert(
                name.text().to_owned(),
                json!({
                    "state": state.map_or_else(|| self.describe(name, now_ms), |state| state.text.clone()),
                    "since_ms": state.map_or(now_ms, |state| state.since_ms),
                    "filled": self.filled(name),
                    "target": self.wanted(name),
                    "paused_until_ms": station.paused_until_ms(now_ms),
                    "failures_in_succession": station.failures,
                    "done_ms": station.done_ms,
                    "last_failure": station.last_failure,
                }),
            );
        }
        let usable = self.pool.usable(&target).len();
        let workloads = self.pool.workloads.iter().take(WORKLOADS_SHOWN_MAX);
        let workloads = workloads.map(|(uuid, workload)| {
            json!({
                "workload": uuid,
                "samples": workload.samples.len(),
                "made_ms": workload.made_ms,
                "is_uploaded": workload.is_uploaded,
                "failures": workload.failures,
            })
        });
        let job = self.job.as_ref().map(|job| {
            json!({ "job": job.uuid, "task": job.task.text(), "phase": job.phase, "due_ms": job.due_ms })
        });
        let checks = self.probe.as_ref().map(|probe| {
            json!({ "workload": probe.workload, "checked_ms": probe.checked_ms, "is_reliable": !probe.differs })
        });
        json!({
            "at_ms": now_ms,
            "series": { "usable": usable, "live": self.pool.live_series(), "wanted": target.series },
            "samples": {
                "ready": self.pool.samples.len(),
                "missing": self.pool.missing(&target),
                "wanted": target.samples,
            },
            "last_shortage": self.live.last_shortage,
            "workloads": workloads.collect::<Vec<_>>(),
            "objects_to_delete": self.pool.doomed.len(),
            "buckets": self.report_buckets(),
            "stations": stations,
            "trusted_miner": {
                "is_configured": self.config.has_trusted_miner(),
                "job": job,
                "checks": checks,
            },
        })
    }

    /// How much of what a station is for is there.
    fn filled(&self, name: StationName) -> usize {
        match name {
            StationName::Generation => self.pool.live_series(),
            StationName::Sampling => self.pool.samples.len() + self.pool.waiting_samples(),
            StationName::Upload => {
                let workloads = self.pool.workloads.values();
                workloads.filter(|workload| workload.is_uploaded).count()
            }
            StationName::Answering => self.pool.samples.len(),
        }
    }

    /// How much of it is to be there.
    fn wanted(&self, name: StationName) -> usize {
        match name {
            StationName::Generation => self.target().series,
            StationName::Sampling | StationName::Answering => self.target().samples,
            StationName::Upload => self.pool.workloads.len(),
        }
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
