//! Jobs of a miner, and the executors that they occupy.

use std::collections::{BTreeMap, HashMap, VecDeque};

use horde_proto::miner::{InitialJobRequest, ToValidator};
use horde_proto::{EXECUTOR_TIMEOUT_MAX, ExecutorClass};

use crate::work::{Reserved, is_image_allowed, volume_chars};

/// Jobs that a miner remembers; beyond, it declines.
const JOBS_COUNT_MAX: usize = 100_000;

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Waits for a free executor.
    Waiting,
    /// Has an executor since this time, in microseconds since 1970, which waits for the request to run.
    Reserved {
        since_us: i64,
    },
    Running,
    /// Declined, without a result.
    Declined,
    /// Has come to an end.
    Over,
}

#[derive(Debug)]
pub(super) struct Job {
    pub(super) validator: String,
    pub(super) class: ExecutorClass,
    pub(super) stage: Stage,
    /// The connection on which it was reserved.
    pub(super) connection: u64,
    /// Whether it is a user's job, of which a finished receipt may come before a result.
    pub(super) is_organic: bool,
    /// What the reservation has said, until the job runs.
    pub(super) reserved: Reserved,
    /// The result that was sent on no connection.
    pub(super) unreported: Option<ToValidator>,
    /// Whether executors run the image that the reservation names.
    pub(super) is_image_allowed: bool,
    /// Characters of its volume, as they came.
    pub(super) payload_chars: usize,
}

impl Job {
    /// The job of a reservation, which waits for an executor.
    pub(super) fn new(validator: &str, connection: u64, request: InitialJobRequest) -> Self {
        Self {
            validator: validator.to_owned(),
            class: request.executor_class.unwrap_or_default(),
            stage: Stage::Waiting,
            connection,
            is_organic: request.job_started_receipt_payload.is_organic,
            unreported: None,
            is_image_allowed: is_image_allowed(request.base_docker_image_name.as_deref()),
            payload_chars: request.volume.as_ref().map_or(0, volume_chars),
            reserved: Reserved {
                volume: request.volume,
                timeout_seconds: request.timeout_seconds,
            },
        }
    }
}

/// The jobs of a miner by uuid.
#[derive(Debug)]
pub(super) struct Jobs {
    executors: BTreeMap<ExecutorClass, u32>,
    in_use: BTreeMap<ExecutorClass, u32>,
    by_uuid: HashMap<String, Job>,
    /// In the order in which they were reserved.
    waiting: VecDeque<String>,
    /// Uuids of jobs with results that are not reported, in their order.
    unreported: Vec<String>,
}

impl Jobs {
    pub(super) fn new(executors: BTreeMap<ExecutorClass, u32>) -> Self {
        Self {
            executors,
            in_use: BTreeMap::new(),
            by_uuid: HashMap::new(),
            waiting: VecDeque::new(),
            unreported: Vec::new(),
        }
    }

    pub(super) fn executors(&self) -> &BTreeMap<ExecutorClass, u32> {
        &self.executors
    }

    pub(super) fn has_room(&self) -> bool {
        self.by_uuid.len() < JOBS_COUNT_MAX
    }

    pub(super) fn get(&self, uuid: &str) -> Option<&Job> {
        self.by_uuid.get(uuid)
    }

    pub(super) fn get_mut(&mut self, uuid: &str) -> Option<&mut Job> {
        self.by_uuid.get_mut(uuid)
    }

    pub(super) fn unfinished_count(&self) -> usize {
        let in_use = self.in_use.values().map(|count| *count as usize);
        in_use.sum::<usize>() + self.waiting.len()
    }

    /// Adds a job that waits for an executor.
    pub(super) fn insert(&mut self, uuid: &str, job: Job) {
        self.waiting.push_back(uuid.to_owned());
        self.by_uuid.insert(uuid.to_owned(), job);
    }

    /// Gives the job an executor, if one of its class is free.
    pub(super) fn try_reserve(&mut self, uuid: &str, now_us: i64) -> bool {
        let Some(job) = self.by_uuid.get_mut(uuid) else {
            return false;
        };
        let in_use = self.in_use.entry(job.class).or_default();
        let executors = self.executors.get(&job.class).copied().unwrap_or_default();
        if *in_use >= executors {
            return false;
        }
        *in_use += 1;
        job.stage = Stage::Reserved { since_us: now_us };
        self.waiting.retain(|waiting| waiting != uuid);
        true
    }

    /// Moves a job on; an executor that it leaves is free.
    pub(super) fn set_stage(&mut self, uuid: &str, stage: Stage) {
        let Some(job) = self.by_uuid.get_mut(uuid) else {
            return;
        };
        let occupies = |stage: &Stage| matches!(stage, Stage::Reserved { .. } | Stage::Running);
        if occupies(&job.stage) && !occupies(&stage) {
            let in_use = self.in_use.entry(job.class).or_default();
            *in_use = in_use.saturating_sub(1);
        }
        if let Stage::Declined | Stage::Over = stage {
            // A volume may have mebibytes.
            job.reserved = Reserved::default();
        }
        job.stage = stage;
        self.waiting.retain(|waiting| waiting != uuid);
    }

    /// The first job that waits for an executor of a class that has a free one.
    pub(super) fn next_waiting(&self) -> Option<String> {
        let is_free = |uuid: &&String| {
            let class = self.by_uuid.get(*uuid).map(|job| job.class);
            class.is_some_and(|class| {
                let in_use = self.in_use.get(&class).copied().unwrap_or_default();
                in_use < self.executors.get(&class).copied().unwrap_or_default()
            })
        };
        self.waiting.iter().find(is_free).cloned()
    }

    /// Ends reservations that were not used in time: nobody else could use their executors.
    pub(super) fn expire(&mut self, now_us: i64) {
        let age_us = i64::try_from(EXECUTOR_TIMEOUT_MAX.as_micros()).unwrap_or(i64::MAX);
        let first_us = now_us.saturating_sub(age_us);
        let is_expired = |job: &Job| match job.stage {
            Stage::Reserved { since_us } => since_us < first_us,
            _ => false,
        };
        let entries = self.by_uuid.iter();
        let expired: Vec<String> = entries
            .filter(|(_, job)| is_expired(job))
            .map(|(uuid, _)| uuid.clone())
            .collect();
        for uuid in expired {
            self.set_stage(&uuid, Stage::Over);
        }
    }

    /// Keeps a result for the next connection of its validator.
    pub(super) fn keep_result(&mut self, uuid: &str, result: ToValidator) {
        if let Some(job) = self.by_uuid.get_mut(uuid) {
            job.unreported = Some(result);
            self.unreported.push(uuid.to_owned());
        }
    }

    /// Takes the oldest result that this validator has not got.
    pub(super) fn take_unreported(&mut self, validator: &str) -> Option<ToValidator> {
        let by_uuid = &mut self.by_uuid;
        let is_theirs = |uuid: &String| {
            let job = by_uuid.get(uuid);
            job.is_some_and(|job| job.validator == validator)
        };
        let place = self.unreported.iter().position(is_theirs)?;
        let uuid = self.unreported.remove(place);
        by_uuid.get_mut(&uuid)?.unreported.take()
    }

    /// The jobs of this validator whose executors wait for the request to run, the oldest first.
    pub(super) fn reserved(&self, validator: &str) -> Vec<String> {
        let entries = self
            .by_uuid
            .iter()
            .filter_map(|(uuid, job)| match job.stage {
                Stage::Reserved { since_us } if job.validator == validator => {
                    Some((since_us, uuid))
                }
                _ => None,
            });
        let mut reserved: Vec<(i64, &String)> = entries.collect();
        reserved.sort();
        reserved.into_iter().map(|(_, uuid)| uuid.clone()).collect()
    }
}
