//! Orders, and their way to validators.

use std::collections::BTreeMap;

use horde_proto::facilitator::{JobRequest, JobStatus, OrganicJob, V2JobRequest};
use horde_proto::uuid_v4;

use super::faulty_request::{self, Signer};
use super::{ALIVE_TIMEOUT_US, FacilitatorCore, FacilitatorEffect};
use crate::facilitator::fault::{Fault, FaultStep};
use crate::facilitator::journal::JobRecord;
use crate::facilitator::keys;
use crate::facilitator::order::{JobOrder, OrderError};

/// Jobs that are kept; the oldest that are over are forgotten first.
pub(super) const JOBS_KEPT_MAX: usize = 20_000;

/// A job of a user.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) record: JobRecord,
    /// Since when statuses of it are taken.
    pub(super) row_from_us: i64,
    /// How often each status has come since then.
    pub(super) attempts: BTreeMap<JobStatus, u32>,
    /// What goes over a socket when it is sent.
    pub(super) frames: Vec<String>,
}

/// All jobs, by the order in which they came and by their uuids.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    by_number: BTreeMap<u64, Job>,
    numbers: BTreeMap<String, u64>,
    count: u64,
}

impl Jobs {
    pub(super) fn get(&self, uuid: &str) -> Option<&Job> {
        self.by_number.get(self.numbers.get(uuid)?)
    }

    pub(super) fn get_mut(&mut self, uuid: &str) -> Option<&mut Job> {
        self.by_number.get_mut(self.numbers.get(uuid)?)
    }

    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = &JobRecord> {
        self.by_number.values().map(|job| &job.record)
    }

    fn insert(&mut self, job: Job) {
        let number = self.count;
        self.count += 1;
        self.numbers.insert(job.record.uuid.clone(), number);
        self.by_number.insert(number, job);
    }

    /// Makes room for another job; returns whether there is some.
    fn make_room(&mut self, now_us: i64) -> bool {
        if self.by_number.len() < JOBS_KEPT_MAX {
            return true;
        }
        let mut jobs = self.by_number.iter();
        let over = jobs.find(|(_, job)| job.record.end().is_some() || job.record.is_dead(now_us));
        let Some(number) = over.map(|(number, _)| *number) else {
            return false;
        };
        if let Some(job) = self.by_number.remove(&number) {
            self.numbers.remove(&job.record.uuid);
        }
        true
    }
}

impl FacilitatorCore {
    /// Takes the order of a user and sends it to every connection of a validator. Returns the uuid of the job.
    ///
    /// # Errors
    ///
    /// [`OrderError`] if the order cannot become a request, or there is no validator; nothing is sent then.
    pub fn submit(
        &mut self,
        order: &JobOrder,
        now_us: i64,
    ) -> Result<(String, Vec<FacilitatorEffect>), OrderError> {
        let uuid = self.draw_uuid();
        let miner = self.config.miner_hotkey.as_deref();
        let order = faulty_request::changed(order.clone(), &self.config.faults);
        let mut request = order.request(uuid.clone(), miner)?;
        if let JobRequest::V2(request) = &mut request {
            self.sign(request, now_us);
        }
        let validator = self.choose(order.validator.as_deref(), now_us)?;
        if !self.jobs.make_room(now_us) {
            return Err(OrderError::TooManyJobs);
        }
        if let Some(chosen) = self.validators.get_mut(&validator) {
            chosen.job_count += 1;
        }
        let mut effects = Vec::new();
        self.add(&order, request.clone(), None, &validator, now_us);
        self.deliver(&uuid, now_us, &mut effects);
        if self.config.faults.has(Fault::Replayed)
            && let JobRequest::V2(mut replay) = request
            && self.jobs.make_room(now_us)
        {
            let other = self.draw_uuid();
            replay.uuid.clone_from(&other);
            self.add(
                &order,
                replay.into(),
                Some(uuid.clone()),
                &validator,
                now_us,
            );
            self.deliver(&other, now_us, &mut effects);
        }
        Ok((uuid, effects))
    }

    /// The validator that is named, or that with the fewest jobs, if it has sent a heartbeat lately.
    fn choose(&self, named: Option<&str>, now_us: i64) -> Result<String, OrderError> {
        let alive = self.validators.iter().filter(|(name, validator)| {
            now_us - validator.alive_us < ALIVE_TIMEOUT_US
                && self.knows(name)
                && named.is_none_or(|named| named == *name)
        });
        let chosen = alive.min_by_key(|(_, validator)| validator.job_count);
        let chosen = chosen.map(|(name, _)| name.clone());
        chosen.ok_or(OrderError::NoValidator)
    }

    fn draw_uuid(&mut self) -> String {
        let number = self.drawn_count;
        self.drawn_count += 1;
        if self.config.faults.has(Fault::BadUuid) {
            return format!("job {number} of {}", self.entropy);
        }
        let bytes = keys::bytes(self.entropy, "uuid", number);
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = bytes;
        let random = [[a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]];
        uuid_v4(random.map(u64::from_le_bytes))
    }

    /// Signs a request that the user has not signed, as the faults say.
    fn sign(&mut self, request: &mut V2JobRequest, now_us: i64) {
        let number = self.drawn_count;
        self.drawn_count += 1;
        let signer = Signer {
            seed: self.config.seed,
            now_us,
            randomness: keys::bytes(self.entropy, "signature", number),
        };
        signer.sign(request, &self.config.faults);
    }

    fn add(
        &mut self,
        order: &JobOrder,
        request: JobRequest,
        replay_of: Option<String>,
        validator: &str,
        now_us: i64,
    ) {
        let faults = &self.config.faults;
        let frames = faulty_request::frames(&request, faults);
        let late = faults.delay(|fault| match fault {
            Fault::LateRow(delay) => Some(delay),
            _ => None,
        });
        let late_us = i64::try_from(late.unwrap_or_default().as_micros()).unwrap_or(i64::MAX);
        let job = OrganicJob::from(request);
        let mut record = JobRecord::new(&job, order.version, validator, now_us);
        record.faults = faults.texts();
        record.replay_of = replay_of;
        self.jobs.insert(Job {
            record,
            row_from_us: now_us.saturating_add(late_us),
            attempts: BTreeMap::new(),
            frames,
        });
    }

    /// Sends a job to every connection of its validator.
    fn deliver(&mut self, uuid: &str, now_us: i64, effects: &mut Vec<FacilitatorEffect>) {
        let Some(job) = self.jobs.get(uuid) else {
            return;
        };
        let times = 1 + usize::from(self.config.faults.has(Fault::SendsTwice));
        for id in self.connections.of(&job.record.validator) {
            for _ in 0..times {
                self.send_job(uuid, id, now_us, std::time::Duration::ZERO, effects);
            }
            self.end_at(id, FaultStep::Job, effects);
        }
    }
}
