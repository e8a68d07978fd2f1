//! Requests to run.

use std::mem;

use horde_proto::miner::JobRequest;

use super::effect::Effect;
use super::faulty_frames;
use super::jobs::Stage;
use super::state::Miner;
use crate::journal::{Origin, ViolationKind};
use crate::vice::{AnswersFault, Step, Vice};
use crate::work::{Outcome, Plan, WorkFaults, is_image_allowed, volume_chars};

/// The type of accepted receipts.
const ACCEPTED_RECEIPT: &str = "JobAcceptedReceipt";

impl Miner {
    /// Starts a job whose executor is ready.
    pub(super) fn run(&mut self, at: Origin, request: &JobRequest) {
        let uuid = request.job_uuid.as_str();
        let Some(validator) = self.validator(at) else {
            return;
        };
        if let Err((kind, detail)) = self.check_run(&validator, request) {
            self.note_violation(at, kind, Some(uuid), detail);
            if matches!(
                kind,
                ViolationKind::RunOfUnknownJob | ViolationKind::VolumeTwice
            ) {
                let error = faulty_frames::generic_error(&format!("job {uuid}: {detail}"));
                self.send(at.connection, &error);
            }
            return;
        }
        // A receipt that went out on an earlier connection may have been lost with it, and is not to be sent twice.
        let job = self.jobs.get(uuid);
        let is_of_connection = job.is_some_and(|job| job.connection == at.connection);
        let must_have_receipt = is_of_connection && !self.profile.is_local();
        if must_have_receipt && !self.receipts.has(ACCEPTED_RECEIPT, uuid) {
            let detail = "the accepted receipt comes before the request to run";
            self.note_violation(at, ViolationKind::RunWithoutReceipt, Some(uuid), detail);
        }
        self.jobs.set_stage(uuid, Stage::Running);
        self.begin_step(at.connection, Step::Run);
        self.end_step(at.connection, Step::Run);
        let is_late = |vice| matches!(vice, Vice::LateResult(_)).then_some(());
        if self.vices.find(is_late).is_some() {
            self.drop_connection(at.connection);
        }
        let is_allowed = is_image_allowed(request.docker_image_name.as_deref());
        if !is_allowed || self.vices.has(Vice::FailedAfterReady) {
            return self.fail_executor(uuid, &validator);
        }
        match self.plan(request) {
            Plan::Done(outcome) => self.finish(uuid, outcome),
            Plan::Start(work) => self.effects.push(Effect::Start {
                job_uuid: uuid.to_owned(),
                work,
            }),
        }
    }

    fn plan(&mut self, request: &JobRequest) -> Plan {
        let reserved = self.jobs.get_mut(&request.job_uuid).map(|job| {
            if let Some(volume) = &request.volume {
                job.payload_chars = volume_chars(volume);
            }
            mem::take(&mut job.reserved)
        });
        let is_instant = self.profile.is_instant;
        let mut plan = Plan::new(request, reserved.unwrap_or_default(), is_instant);
        if let Plan::Start(work) = &mut plan {
            work.set_faults(self.work_faults(work.seed()));
        }
        plan
    }

    /// What the executor is to do wrong, in a job whose prompts are answered for this seed.
    fn work_faults(&mut self, seed: Option<u32>) -> WorkFaults {
        // As many as jobs, which are bounded.
        let is_answered = seed.is_some_and(|seed| !self.answered_seeds.insert(seed));
        let vices = &self.vices;
        let odd_answers = vices.find(|vice| match vice {
            Vice::OddAnswers(fault) => Some(fault),
            Vice::ChangesAnswers if is_answered => Some(AnswersFault::Wrong),
            _ => None,
        });
        let odd_series = vices.find(|vice| match vice {
            Vice::OddSeries(fault) => Some(fault),
            _ => None,
        });
        WorkFaults {
            answers: odd_answers,
            series: odd_series,
            upload_delay: vices.upload_delay(),
            skips_upload: vices.has(Vice::NoUpload),
        }
    }

    /// Whether the job can be run now.
    fn check_run(
        &self,
        validator: &str,
        request: &JobRequest,
    ) -> Result<(), (ViolationKind, &'static str)> {
        let job = self.jobs.get(&request.job_uuid);
        let Some(job) = job.filter(|job| job.validator == validator) else {
            let detail = "there is no reservation with this uuid";
            return Err((ViolationKind::RunOfUnknownJob, detail));
        };
        match job.stage {
            Stage::Reserved { .. } => {}
            Stage::Waiting => {
                return Err((ViolationKind::RunEarly, "the executor is not ready yet"));
            }
            Stage::Running => return Err((ViolationKind::RunTwice, "the job runs already")),
            Stage::Declined => return Err((ViolationKind::RunEarly, "the job is declined")),
            Stage::Over => return Err((ViolationKind::RunTwice, "the job is over")),
        }
        if job.reserved.volume.is_some() && request.volume.is_some() {
            let detail = "the reservation has a volume already";
            return Err((ViolationKind::VolumeTwice, detail));
        }
        Ok(())
    }

    /// The work of a job has come to an end.
    pub(crate) fn complete(
        &mut self,
        job_uuid: &str,
        outcome: Outcome,
        now_us: i64,
    ) -> Vec<Effect> {
        self.finish(job_uuid, outcome);
        self.go_on(now_us);
        self.take_effects()
    }
}
