//! What an operator sees of the pool: `GET /horde/pool` answers it as it is, the panel shows a part of it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Crossval;
use crate::bucket::Bucket;
use crate::bucket_check::BucketFault;
use crate::limits::WORKLOADS_SHOWN_MAX;
use crate::live::Shortage;
use crate::station::{Failure, StationName};
use crate::trusted::Phase;

/// The answer of `GET /horde/pool`. All times are Unix milliseconds.
#[derive(Serialize)]
pub(crate) struct PoolView<'a> {
    at_ms: u64,
    pub(crate) series: SeriesCounts,
    pub(crate) samples: SampleCounts,
    pub(crate) last_shortage: Option<&'a Shortage>,
    /// The first ones.
    workloads: Vec<WorkloadView<'a>>,
    /// Number of all workloads.
    #[serde(skip)]
    pub(crate) workload_count: usize,
    pub(crate) objects_to_delete: usize,
    /// Empty if none are configured.
    pub(crate) buckets: BTreeMap<Bucket, BucketView<'a>>,
    pub(crate) stations: BTreeMap<StationName, StationView<'a>>,
    pub(crate) trusted_miner: TrustedMinerView<'a>,
}

#[derive(Serialize)]
pub(crate) struct SeriesCounts {
    pub(crate) usable: usize,
    live: usize,
    pub(crate) wanted: usize,
}

#[derive(Serialize)]
pub(crate) struct SampleCounts {
    pub(crate) ready: usize,
    missing: usize,
    pub(crate) wanted: usize,
}

#[derive(Serialize)]
struct WorkloadView<'a> {
    workload: &'a str,
    samples: usize,
    made_ms: u64,
    is_uploaded: bool,
    failures: u32,
}

/// What the last check of a bucket has found.
#[derive(Serialize)]
pub(crate) struct BucketView<'a> {
    pub(crate) url: String,
    pub(crate) region: &'a str,
    /// Whether jobs can use it; `None` before the first check has ended.
    pub(crate) works: Option<bool>,
    /// Whether an operator has something to mend.
    #[serde(skip)]
    pub(crate) is_faulty: bool,
    pub(crate) since_ms: Option<u64>,
    pub(crate) checked_ms: Option<u64>,
    pub(crate) faults: &'a [BucketFault],
}

/// How full a station is, and what it does or waits for.
#[derive(Serialize)]
pub(crate) struct StationView<'a> {
    pub(crate) state: String,
    since_ms: u64,
    pub(crate) filled: usize,
    pub(crate) target: usize,
    pub(crate) paused_until_ms: Option<u64>,
    pub(crate) failures_in_succession: u32,
    pub(crate) done_ms: Option<u64>,
    pub(crate) last_failure: Option<&'a Failure>,
}

#[derive(Serialize)]
pub(crate) struct TrustedMinerView<'a> {
    pub(crate) is_configured: bool,
    job: Option<JobView<'a>>,
    pub(crate) checks: Option<CheckView<'a>>,
}

#[derive(Serialize)]
struct JobView<'a> {
    job: &'a str,
    task: &'static str,
    phase: Phase,
    due_ms: u64,
}

#[derive(Serialize)]
pub(crate) struct CheckView<'a> {
    workload: &'a str,
    checked_ms: u64,
    pub(crate) is_reliable: bool,
}

impl Crossval {
    pub(crate) fn view(&self, now_ms: u64) -> PoolView<'_> {
        let target = self.target();
        let stations = StationName::ALL.into_iter();
        let stations = stations.map(|name| (name, self.station_view(name, now_ms)));
        PoolView {
            at_ms: now_ms,
            series: SeriesCounts {
                usable: self.pool.usable(&target).len(),
                live: self.pool.live_series(),
                wanted: target.series,
            },
            samples: SampleCounts {
                ready: self.pool.samples.len(),
                missing: self.pool.missing(&target),
                wanted: target.samples,
            },
            last_shortage: self.live.last_shortage.as_ref(),
            workloads: self.workload_views(),
            workload_count: self.pool.workloads.len(),
            objects_to_delete: self.pool.doomed.len(),
            buckets: self.bucket_views(),
            stations: stations.collect(),
            trusted_miner: self.trusted_miner_view(),
        }
    }

    fn station_view(&self, name: StationName, now_ms: u64) -> StationView<'_> {
        let station = self.stations.get(&name);
        let state = self.live.states.get(&name);
        StationView {
            state: state.map_or_else(|| self.describe(name, now_ms), |state| state.text.clone()),
            since_ms: state.map_or(now_ms, |state| state.since_ms),
            filled: self.filled(name),
            target: self.wanted(name),
            paused_until_ms: station.and_then(|station| station.paused_until_ms(now_ms)),
            failures_in_succession: station.map_or(0, |station| station.failures),
            done_ms: station.and_then(|station| station.done_ms),
            last_failure: station.and_then(|station| station.last_failure.as_ref()),
        }
    }

    fn workload_views(&self) -> Vec<WorkloadView<'_>> {
        let workloads = self.pool.workloads.iter().take(WORKLOADS_SHOWN_MAX);
        let views = workloads.map(|(uuid, workload)| WorkloadView {
            workload: uuid,
            samples: workload.samples.len(),
            made_ms: workload.made_ms,
            is_uploaded: workload.is_uploaded,
            failures: workload.failures,
        });
        views.collect()
    }

    fn trusted_miner_view(&self) -> TrustedMinerView<'_> {
        TrustedMinerView {
            is_configured: self.config.has_trusted_miner(),
            job: self.job.as_ref().map(|job| JobView {
                job: &job.uuid,
                task: job.task.text(),
                phase: job.phase,
                due_ms: job.due_ms,
            }),
            checks: self.probe.as_ref().map(|probe| CheckView {
                workload: &probe.workload,
                checked_ms: probe.checked_ms,
                is_reliable: !probe.differs,
            }),
        }
    }

    /// How much of what a station is for is there.
    fn filled(&self, name: StationName) -> usize {
        match name {
            StationName::Generation => self.pool.usable(&self.target()).len(),
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
}
