//! What is in the pool: series, workloads, samples, and objects that are to be deleted.

use std::collections::BTreeMap;

use horde_dynamic::DynamicConfig;
use horde_events::SolvedPrompt;
use serde::{Deserialize, Serialize};

use crate::bucket::Object;
use crate::limits::{FAILURES_MAX, SAMPLES_MAX, SERIES_MAX};

/// A file of prompts in the bucket.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Series {
    /// When it was generated, in Unix milliseconds.
    pub(crate) made_ms: u64,
    /// Samples that were drawn from it.
    pub(crate) uses: u32,
    /// How often it could not be read, or one of its prompts had no answer.
    pub(crate) failures: u32,
    /// Nothing is drawn from it any more; it is deleted when no sample needs it.
    pub(crate) is_retired: bool,
}

/// Prompts of one series that were drawn.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Drawn {
    pub(crate) series: String,
    pub(crate) prompts: Vec<String>,
}

/// Samples that are answered by one job.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Workload {
    /// Seed of the answers.
    pub(crate) seed: u32,
    /// When it was made, in Unix milliseconds.
    pub(crate) made_ms: u64,
    /// Its prompts are in the bucket.
    pub(crate) is_uploaded: bool,
    /// Attempts that have failed by its own fault.
    pub(crate) failures: u32,
    pub(crate) samples: Vec<Drawn>,
}

impl Workload {
    /// Its prompts, as the solver reads them.
    pub(crate) fn text(&self) -> String {
        self.prompts().collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn prompts(&self) -> impl Iterator<Item = &str> {
        let prompts = self.samples.iter().flat_map(|sample| &sample.prompts);
        prompts.map(String::as_str)
    }
}

/// A sample with its answers, ready to be used once.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Sample {
    pub(crate) series: String,
    /// The workload that it was answered with.
    pub(crate) workload: String,
    pub(crate) seed: u32,
    /// When it was answered, in Unix milliseconds.
    pub(crate) ready_ms: u64,
    pub(crate) prompts: Vec<SolvedPrompt>,
}

/// An object that is to be deleted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Doomed {
    pub(crate) object: Object,
    /// When, in Unix milliseconds: not while somebody could still write or need it.
    pub(crate) from_ms: u64,
    /// Attempts that have failed.
    pub(crate) failures: u32,
}

/// All that is stored of the pool, by the names of its records.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) series: BTreeMap<String, Series>,
    pub(crate) workloads: BTreeMap<String, Workload>,
    pub(crate) samples: BTreeMap<String, Sample>,
    pub(crate) doomed: BTreeMap<String, Doomed>,
}

/// How full the pool is to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    pub(crate) series: usize,
    pub(crate) samples: usize,
    /// Samples of a workload.
    pub(crate) per_workload: usize,
    /// Prompts of a sample.
    pub(crate) per_series: usize,
    pub(crate) uses_per_series: u32,
}

impl Target {
    pub(crate) fn new(dynamic: &DynamicConfig, uses_per_series: u32) -> Self {
        let per_series = (dynamic.number_of_prompts_to_sample_from_series as usize).clamp(1, 1_000);
        let per_workload = dynamic.number_of_prompts_per_workload as usize / per_series;
        Self {
            series: (dynamic.max_prompt_series as usize).min(SERIES_MAX),
            samples: (dynamic.target_number_of_prompt_samples_ready as usize).min(SAMPLES_MAX),
            per_workload: per_workload.clamp(1, 1_000),
            per_series,
            uses_per_series,
        }
    }
}

impl Pool {
    /// Samples that are missing: neither ready nor on their way.
    pub(crate) fn missing(&self, target: &Target) -> usize {
        let there = self.samples.len() + self.waiting_samples();
        target.samples.saturating_sub(there)
    }

    /// Samples that wait for their answers.
    pub(crate) fn waiting_samples(&self) -> usize {
        let workloads = self.workloads.values();
        workloads.map(|workload| workload.samples.len()).sum()
    }

    /// Series that samples can be drawn from, those that were used least first.
    pub(crate) fn usable(&self, target: &Target) -> Vec<(&str, &Series)> {
        let series = self
            .series
            .iter()
            .filter(|(_, series)| !series.is_retired && series.uses < target.uses_per_series);
        let mut usable: Vec<_> = series
            .map(|(uuid, series)| (uuid.as_str(), series))
            .collect();
        usable.sort_by_key(|(_, series)| series.uses);
        usable
    }

    /// Series that no sweep has retired.
    pub(crate) fn live_series(&self) -> usize {
        let series = self.series.values();
        series.filter(|series| !series.is_retired).count()
    }

    /// Workloads that wait for answers, those that have failed least first, then the oldest.
    pub(crate) fn next_workload(&self) -> Option<&str> {
        let waiting = self
            .workloads
            .iter()
            .filter(|(_, workload)| workload.is_uploaded);
        let next = waiting.min_by_key(|(_, workload)| (workload.failures, workload.made_ms));
        next.map(|(uuid, _)| uuid.as_str())
    }

    /// From when on the life of a sample counts: a miner reads its series, which is older, and a rule of the bucket may delete that one.
    pub(crate) fn made_ms(&self, sample: &Sample) -> u64 {
        let series = self.series.get(&sample.series);
        series.map_or(sample.ready_ms, |series| {
            series.made_ms.min(sample.ready_ms)
        })
    }

    /// How many workloads and samples need each series.
    pub(crate) fn references(&self) -> BTreeMap<&str, usize> {
        let mut references = BTreeMap::new();
        let workloads = self
            .workloads
            .values()
            .flat_map(|workload| &workload.samples);
        let series = workloads.map(|drawn| &drawn.series);
        for series in series.chain(self.samples.values().map(|sample| &sample.series)) {
            *references.entry(series.as_str()).or_default() += 1;
        }
        references
    }
}

impl Series {
    /// Counts a failure; with the last one it is retired.
    pub(crate) fn fail(&mut self) {
        self.failures += 1;
        self.is_retired |= self.failures >= FAILURES_MAX;
    }
}
