//! Reservations of executors.

use horde_proto::EXECUTOR_TIMEOUT_MAX;
use horde_proto::miner::{
    AcceptJobRequest, DeclineJobRequest, ExecutorFailedRequest, ExecutorReadyRequest,
    InitialJobRequest, ToValidator,
};
use horde_proto::receipt::ReceiptPayload;

use super::delivery::CLOSE_INTERNAL_ERROR;
use super::effect::Effect;
use super::jobs::{Job, Stage};
use super::state::{MICROS_PER_SECOND, Miner};
use crate::journal::{Origin, ViolationKind};
use crate::vice::{Seconds, Step, Vice};
use crate::work::Outcome;

impl Miner {
    /// Reserves an executor, declines, or lets the job wait. A second reservation of a uuid ends the connection, as does a second
    /// receipt (see [`Miner::store_receipt`]).
    pub(super) fn reserve(&mut self, at: Origin, request: InitialJobRequest) {
        let uuid = request.job_uuid.clone();
        if let Some(job) = self.jobs.get(&uuid) {
            // A validator whose connection has ended cannot know whether its reservation had come.
            if job.connection == at.connection {
                let detail = "there is a job with this uuid already";
                self.note_violation(at, ViolationKind::ReservedTwice, Some(&uuid), detail);
            }
            return self.close(at.connection, CLOSE_INTERNAL_ERROR);
        }
        let Some(validator) = self.validator(at) else {
            return;
        };
        let receipt = ReceiptPayload::JobStarted(request.job_started_receipt_payload.clone());
        let signature = request.job_started_receipt_signature.clone();
        self.store_receipt(at, &uuid, receipt, signature);
        if !self.connections.is_live(at.connection) {
            return;
        }
        if !self.jobs.has_room() {
            return self.send(at.connection, &decline(&uuid));
        }
        self.jobs
            .insert(&uuid, Job::new(&validator, at.connection, request));
        if self.vices.has(Vice::Declines) || self.is_busy(at.at_us) {
            return self.decline(&uuid, &validator);
        }
        if self.try_reserve(&uuid, at.at_us) {
            self.accept(&uuid);
        } else if self.lets_wait(at, &uuid) {
            self.effects.push(Effect::Wake {
                job_uuid: uuid,
                after: EXECUTOR_TIMEOUT_MAX,
            });
        } else {
            self.decline(&uuid, &validator);
        }
    }

    /// Whether the time in which everything is declined has begun, with this reservation or before, and is not over.
    fn is_busy(&mut self, now_us: i64) -> bool {
        let busy = self.vices.find(|vice| match vice {
            Vice::BusyFor(Seconds(seconds)) => Some(seconds),
            _ => None,
        });
        busy.is_some_and(|seconds| {
            let since_us = *self.busy_since_us.get_or_insert(now_us);
            now_us.saturating_sub(since_us) < seconds.saturating_mul(MICROS_PER_SECOND)
        })
    }

    /// Reserves an executor, if need be one that was reserved too long ago.
    fn try_reserve(&mut self, uuid: &str, now_us: i64) -> bool {
        if self.jobs.try_reserve(uuid, now_us) {
            return true;
        }
        self.jobs.expire(now_us);
        self.jobs.try_reserve(uuid, now_us)
    }

    /// Whether a job waits for an executor, and all later messages of its connection with it.
    fn lets_wait(&mut self, at: Origin, uuid: &str) -> bool {
        let blocks = self.vices.has(Vice::BlocksWhenBusy);
        if blocks && let Some(connection) = self.connections.get_mut(at.connection) {
            connection.waits_for = Some(uuid.to_owned());
        }
        blocks || self.vices.has(Vice::SilentWhenBusy)
    }

    /// The validator of a connection.
    pub(super) fn validator(&mut self, at: Origin) -> Option<String> {
        let connection = self.connections.get_mut(at.connection)?;
        Some(connection.validator.clone())
    }

    pub(super) fn decline(&mut self, uuid: &str, validator: &str) {
        self.jobs.set_stage(uuid, Stage::Declined);
        self.report_step(validator, Step::Accept, &decline(uuid));
    }

    /// Accepts a job that has an executor, and prepares it.
    pub(super) fn accept(&mut self, uuid: &str) {
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
            self.report_step(validator, Step::Accept, &accept);
            return self.fail_executor(uuid, validator);
        }
        let ready = ready(uuid);
        if self.vices.has(Vice::ReadyBeforeAccept) {
            self.report_step(validator, Step::Ready, &ready);
            self.report_step(validator, Step::Accept, &accept);
        } else {
            self.report_step(validator, Step::Accept, &accept);
            self.report_step(validator, Step::Ready, &ready);
        }
        if self.vices.has(Vice::FinishedBeforeRun) {
            let result = Outcome::finished("early").into_message(uuid);
            self.report_step(validator, Step::Result, &result);
        }
    }

    /// Reports that the executor failed. The reference also has a result of such a job, which the next connection gets.
    pub(super) fn fail_executor(&mut self, uuid: &str, validator: &str) {
        let failed: ToValidator = ExecutorFailedRequest {
            job_uuid: uuid.to_owned(),
        }
        .into();
        self.report_step(validator, Step::Ready, &failed);
        self.jobs.set_stage(uuid, Stage::Over);
        self.jobs
            .keep_result(uuid, Outcome::fault("").into_message(uuid));
    }
}

/// The message that the executor of a job is ready.
pub(super) fn ready(uuid: &str) -> ToValidator {
    ExecutorReadyRequest {
        job_uuid: uuid.to_owned(),
    }
    .into()
}

fn decline(uuid: &str) -> ToValidator {
    DeclineJobRequest {
        job_uuid: uuid.to_owned(),
    }
    .into()
}
