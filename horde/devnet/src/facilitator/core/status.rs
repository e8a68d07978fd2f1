//! Statuses of jobs.

use horde_proto::facilitator::{JobStatus, JobStatusUpdate};

use super::effect::take_ending;
use super::jobs::Job;
use super::{CODE_FAILED, FacilitatorCore, FacilitatorEffect, Kind, response};
use crate::facilitator::fault::{Ending, Fault, FaultStep, Faults};
use crate::facilitator::journal::{JobRecord, StatusAnswer, StatusRecord};

/// A status without an answer is in flight for so long. Validators wait 10 s; the rest is for frames on their way.
const UNANSWERED_STATUS_US: i64 = 8_000_000;
/// A repetition so soon after the answer may have crossed it.
const CROSSING_US: i64 = 1_000_000;

impl FacilitatorCore {
    pub(super) fn take_status(
        &mut self,
        id: u64,
        update: JobStatusUpdate,
        now_us: i64,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        let uuid = update.uuid.clone();
        self.check_in_flight(id, &uuid, now_us);
        if update.metadata.is_none() {
            let detail = format!("status {} has no metadata", update.status);
            self.note(id, Kind::NoMetadata, Some(&uuid), detail, now_us);
            self.end(id, Ending::Close(CODE_FAILED), effects);
            return;
        }
        let validator = self
            .connection(id)
            .and_then(|found| found.validator.clone());
        let answered_us = self.answered_us(now_us);
        let faults = &self.config.faults;
        let job = self.jobs.get_mut(&uuid);
        let Some(job) = job.filter(|job| Some(&job.record.validator) == validator.as_ref()) else {
            let detail = format!("status {} of a job that it was not sent", update.status);
            self.note(id, Kind::StatusOfUnknownJob, Some(&uuid), detail, now_us);
            self.answer(id, response::job_not_found(), effects);
            return;
        };
        let mut status = StatusRecord::new(update, id, now_us);
        status.answer = job.answer(&status, faults);
        let mut ending = None;
        let mut broken = None;
        if status.answer != StatusAnswer::NotFound {
            status.is_stored = !job.record.has(status.status);
            broken = broken_rule(&job.record, &status);
            ending = take_ending(faults, FaultStep::Status, &mut self.ended_once);
        }
        if ending.is_some() {
            status.answer = StatusAnswer::Nothing;
        }
        status.answered_us = (status.answer != StatusAnswer::Nothing).then_some(answered_us);
        let answer = status.answer;
        let was_over = job.record.end().is_some();
        job.record.note(status);
        let is_over = !was_over && job.record.end().is_some();
        if let Some((kind, detail)) = broken {
            self.note(id, kind, Some(&uuid), detail, now_us);
        }
        if let Some(ending) = ending {
            self.end(id, ending, effects);
            return;
        }
        self.answer_status(id, answer, now_us, effects);
        if is_over {
            self.resend_when_over(&uuid, now_us, effects);
        }
    }

    fn answer_status(
        &mut self,
        id: u64,
        answer: StatusAnswer,
        now_us: i64,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        let response = match answer {
            StatusAnswer::Success => Some(response::success()),
            StatusAnswer::NotFound => Some(response::job_not_found()),
            StatusAnswer::IntegrityError => Some(response::integrity_error()),
            StatusAnswer::Nothing => None,
        };
        let until_us = match &response {
            Some(_) => self.answered_us(now_us),
            None => i64::MAX,
        };
        if let Some(connection) = self.connection(id) {
            connection.status_in_flight_until_us = until_us.min(now_us + UNANSWERED_STATUS_US);
        }
        if let Some(response) = response {
            self.answer(id, response, effects);
        }
    }

    /// When an answer that is decided now goes out.
    fn answered_us(&self, now_us: i64) -> i64 {
        let delay_us = i64::try_from(self.answer_delay().as_micros());
        now_us.saturating_add(delay_us.unwrap_or(i64::MAX))
    }

    /// A status is in flight until its answer goes out, or the validator gives up waiting for it.
    fn check_in_flight(&mut self, id: u64, uuid: &str, now_us: i64) {
        let Some(connection) = self.connection(id) else {
            return;
        };
        let is_unanswered = now_us < connection.status_in_flight_until_us;
        let is_second = is_unanswered || connection.has_unsent_answer;
        connection.has_unsent_answer = true;
        if is_second {
            let detail = "the status before is not answered yet".to_owned();
            self.note(id, Kind::TwoStatusesInFlight, Some(uuid), detail, now_us);
        }
    }
}

impl Job {
    fn answer(&mut self, status: &StatusRecord, faults: &Faults) -> StatusAnswer {
        if faults.has(Fault::Silent) {
            return StatusAnswer::Nothing;
        }
        if status.at_us < self.row_from_us {
            return StatusAnswer::NotFound;
        }
        let attempts = self.attempts.entry(status.status).or_default();
        *attempts += 1;
        let unanswered = faults.find(|fault| match fault {
            Fault::NoAnswer(unanswered) => Some(unanswered.0),
            _ => None,
        });
        if unanswered.is_some_and(|unanswered| *attempts <= unanswered) {
            StatusAnswer::Nothing
        } else if self.record.has(status.status) {
            StatusAnswer::IntegrityError
        } else {
            StatusAnswer::Success
        }
    }
}

/// The rule that a status breaks.
fn broken_rule(record: &JobRecord, status: &StatusRecord) -> Option<(Kind, String)> {
    if record.has(status.status) {
        let mut earlier = record.statuses.iter();
        let is_answered = earlier.any(|earlier| {
            earlier.status == status.status
                && earlier.connection == status.connection
                && earlier.answer != StatusAnswer::NotFound
                && earlier
                    .answered_us
                    .is_some_and(|answered_us| answered_us + CROSSING_US < status.at_us)
        });
        return is_answered.then(|| {
            let detail = format!("{} was answered on this connection", status.status);
            (Kind::AnsweredStatusRepeated, detail)
        });
    }
    match (status.status, record.end()) {
        (JobStatus::Accepted, Some(end)) => {
            let detail = format!("accepted after {}", end.status);
            Some((Kind::StatusOutOfOrder, detail))
        }
        (later, Some(end)) => {
            let detail = format!("{later} after {}", end.status);
            Some((Kind::TwoTerminalStatuses, detail))
        }
        (JobStatus::Completed, None) if !record.has(JobStatus::Accepted) => {
            let detail = "completed before accepted".to_owned();
            Some((Kind::StatusOutOfOrder, detail))
        }
        _ => None,
    }
}
