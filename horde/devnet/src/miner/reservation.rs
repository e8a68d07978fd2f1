//! Reservations of executors.

use horde_proto::EXECUTOR_TIMEOUT_MAX;
use horde_proto::miner::{
    AcceptJobRequest, DeclineJobRequest, ExecutorFailedRequest, InitialJobRequest, ToValidator,
};
use horde_proto::receipt::ReceiptPayload;

use super::effect::Effect;
use super::jobs::{Job, Stage};
use super::state::{Miner, Moment};
use crate::journal::ViolationKind;
use crate::vice::{Step, Vice};
use crate::work::{Outcome, Reserved, is_image_allowed, volume_chars};

impl Miner {
    /// Reserves an executor, declines, or lets the job wait.
    pub(super) fn reserve(
        &mut self,
        at: Moment,
        request: InitialJobRequest,
        effects: &mut Vec<Effect>,
    ) {
        let uuid = request.job_uuid.clone();
        if self.jobs.get(&uuid).is_some() {
            let detail = "there is a job with this uuid already";
            self.accuse(at, ViolationKind::ReservedTwice, Some(&uuid), detail);
            return;
        }
        let Some(validator) = self.validator(at) else {
            return;
        };
        let is_organic = request.job_started_receipt_payload.is_organic;
        let receipt = ReceiptPayload::JobStarted(request.job_started_receipt_payload);
        self.store_receipt(at, &uuid, receipt, request.job_started_receipt_signature);
        if !self.jobs.has_room() {
            return self.send(at.connection, &decline(&uuid), effects);
        }
        let payload_chars = request.volume.as_ref().map_or(0, volume_chars);
        let job = Job {
            validator: validator.clone(),
            class: request.executor_class.unwrap_or_default(),
            stage: Stage::Waiting,
            is_organic,
            reserved: Reserved {
                volume: request.volume,
                timeout_seconds: request.timeout_seconds,
            },
            unreported: None,
            is_image_allowed: is_image_allowed(request.base_docker_image_name.as_deref()),
            payload_chars,
        };
        self.jobs.insert(&uuid, job);
        if self.vices.has(Vice::Declines) {
            return self.decline(&uuid, &validator, effects);
        }
        if !self.jobs.try_reserve(&uuid, at.at_us) {
            self.jobs.expire(at.at_us);
        }
        if self.is_reserved(&uuid) || self.jobs.try_reserve(&uuid, at.at_us) {
            self.accept(&uuid, effects);
        } else if self.vices.has(Vice::SilentWhenBusy) {
            effects.push(Effect::Wake {
                job_uuid: uuid,
                after: EXECUTOR_TIMEOUT_MAX,
            });
        } else {
            self.decline(&uuid, &validator, effects);
        }
    }

    fn is_reserved(&self, uuid: &str) -> bool {
        let job = self.jobs.get(uuid);
        job.is_some_and(|job| matches!(job.stage, Stage::Reserved { .. }))
    }

    /// The validator of a connection.
    pub(super) fn validator(&mut self, at: Moment) -> Option<String> {
        let connection = self.connections.get_mut(at.connection)?;
        Some(connection.validator.clone())
    }

    fn decline(&mut self, uuid: &str, validator: &str, effects: &mut Vec<Effect>) {
        self.jobs.set_stage(uuid, Stage::Declined);
        self.report_step(validator, Step::Accept, &decline(uuid), effects);
    }

    /// Accepts a job that has an executor, and prepares it.
    fn accept(&mut self, uuid: &str, effects: &mut Vec<Effect>) {
        let Some(job) = self.jobs.get(uuid) else {
            return;
        };
        let is_image_allowed = job.is_image_allowed;
        let validator = &job.validator.clone();
        let accept: ToValidator = AcceptJobRequest {
            job_uuid: uuid.to_owned(),
        }
        .into();
        if !is_image_allowed || self.vices.has(Vice::FailsToPrepare) {
            self.report_step(validator, Step::Accept, &accept, effects);
            return self.fail_executor(uuid, validator, effects);
        }
        let ready = Self::ready(uuid);
        if self.vices.has(Vice::ReadyBeforeAccept) {
            self.report_step(validator, Step::Ready, &ready, effects);
            self.report_step(validator, Step::Accept, &accept, effects);
        } else {
            self.report_step(validator, Step::Accept, &accept, effects);
            self.report_step(validator, Step::Ready, &ready, effects);
        }
        if self.vices.has(Vice::FinishedBeforeRun) {
            let result = Outcome::finished("early").into_message(uuid);
            self.report_step(validator, Step::Result, &result, effects);
        }
    }

    /// Reports that the executor failed. The reference also has a result of such a job, which the next connection gets.
    pub(super) fn fail_executor(&mut self, uuid: &str, validator: &str, effects: &mut Vec<Effect>) {
        let failed: ToValidator = ExecutorFailedRequest {
            job_uuid: uuid.to_owned(),
        }
        .into();
        self.report_step(validator, Step::Ready, &failed, effects);
        self.jobs.set_stage(uuid, Stage::Over);
        self.jobs
            .keep_result(uuid, Outcome::fault("").into_message(uuid));
    }

    /// Gives free executors to jobs that wait for one.
    pub(super) fn serve_waiting(&mut self, now_us: i64, effects: &mut Vec<Effect>) {
        while let Some(uuid) = self.jobs.next_waiting()
            && self.jobs.try_reserve(&uuid, now_us)
        {
            self.accept(&uuid, effects);
        }
    }

    /// The time of a job that waits for an executor is over: it is declined.
    pub(crate) fn wake(&mut self, job_uuid: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        let job = self.jobs.get(job_uuid);
        let waiting = job.filter(|job| job.stage == Stage::Waiting);
        if let Some(validator) = waiting.map(|job| job.validator.clone()) {
            self.decline(job_uuid, &validator, &mut effects);
        }
        effects
    }
}

fn decline(uuid: &str) -> ToValidator {
    DeclineJobRequest {
        job_uuid: uuid.to_owned(),
    }
    .into()
}
