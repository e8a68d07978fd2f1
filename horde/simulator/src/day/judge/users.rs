//! Jobs of users, as the facilitator and the miners see them.

use std::collections::{BTreeMap, BTreeSet};

use horde_devnet::facilitator::{FacilitatorReport, JobRecord};
use horde_proto::facilitator::{JobStatus, ToFacilitator, ToValidator};

use super::super::scenario::Day;
use super::super::trouble::Trouble;
use crate::judge::jobs::Fault;

/// Within this time a job has its end at a facilitator and a host that do nothing wrong, in microseconds.
const END_US_MAX: i64 = 330_000_000;

/// All jobs of users.
#[derive(Debug)]
pub(super) struct Users {
    /// What stands in the arguments of a job, by its uuid.
    markers: BTreeMap<String, String>,
    /// Jobs that the host has just got.
    heard: BTreeSet<String>,
    /// Jobs that it knows.
    read: BTreeSet<String>,
    /// What stands in the arguments of jobs whose end was sent.
    reported: BTreeSet<String>,
    /// Jobs that were completed.
    pub(super) completed: u64,
    /// Nothing keeps jobs from ending in time.
    is_punctual: bool,
}

impl Users {
    pub(super) fn new(day: &Day) -> Self {
        let is_hindrance = |it: &Trouble| {
            matches!(
                it,
                Trouble::Crash(_)
                    | Trouble::Facilitator { .. }
                    | Trouble::Away(_)
                    | Trouble::BreakFacilitator
            )
        };
        Self {
            markers: BTreeMap::new(),
            heard: BTreeSet::new(),
            read: BTreeSet::new(),
            reported: BTreeSet::new(),
            completed: 0,
            is_punctual: !day.has(is_hindrance),
        }
    }

    pub(super) fn ordered(&self) -> u64 {
        self.markers.len() as u64
    }

    pub(super) fn order(&mut self, uuid: &str, marker: String) {
        self.markers.insert(uuid.to_owned(), marker);
    }

    /// The host has got a frame of the facilitator. Returns whether it is a job.
    pub(super) fn request_heard(&mut self, text: &str) -> bool {
        let Ok(tolerated) = ToValidator::parse_tolerant(text) else {
            return false;
        };
        let ToValidator::JobRequest(request) = tolerated.message else {
            return false;
        };
        self.heard.insert(request.uuid().to_owned());
        true
    }

    /// The host has done what it had to do, unless it was killed over it.
    pub(super) fn settled(&mut self, is_killed: bool) {
        let heard = std::mem::take(&mut self.heard);
        if !is_killed {
            self.read.extend(heard);
        }
    }

    /// The host has sent a frame to the facilitator. Returns whether it is a status.
    pub(super) fn status_sent(&mut self, text: &str) -> bool {
        let Ok(ToFacilitator::JobStatusUpdate(update)) = ToFacilitator::parse(text) else {
            return false;
        };
        if update.status != JobStatus::Accepted {
            let marker = self.markers.get(&update.uuid);
            self.reported.extend(marker.cloned());
        }
        true
    }

    /// A job with these arguments is run at a miner.
    pub(super) fn run(&self, arguments: &[String]) -> Result<(), Fault> {
        let reported = arguments.iter().find(|it| self.reported.contains(*it));
        reported.map_or(Ok(()), |marker| {
            Err(("no job is run whose end was reported", marker.clone()))
        })
    }

    /// What the facilitator has seen, at the end.
    pub(super) fn check(&mut self, report: &FacilitatorReport) -> Result<(), Fault> {
        if let Some(violation) = report.violations.first() {
            let property = "the validator keeps to the protocol of the facilitator";
            return Err((property, format!("{violation:?}")));
        }
        for job in &report.jobs {
            self.check_job(job)
                .map_err(|property| (property, format!("{job:?}")))?;
        }
        Ok(())
    }

    fn check_job(&mut self, job: &JobRecord) -> Result<(), &'static str> {
        let count = |is_such: fn(JobStatus) -> bool| {
            let stored = job.stored();
            stored.filter(|status| is_such(status.status)).count()
        };
        let ends = count(|status| status != JobStatus::Accepted);
        self.completed += count(|status| status == JobStatus::Completed) as u64;
        if ends > 1 || count(|status| status == JobStatus::Accepted) > 1 {
            return Err("a job has one end");
        }
        if ends == 0 && self.read.contains(&job.uuid) {
            return Err("a job that was read has an end");
        }
        let took_us = job.end().map(|end| end.at_us - job.ordered_us);
        if self.is_punctual && took_us.is_some_and(|took_us| took_us > END_US_MAX) {
            return Err("a job ends in time");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use horde_proto::facilitator::JobStatusUpdate;

    use super::*;

    const UUID: &str = "a28de2b7-1ea4-4f4e-9b4c-8f0f3e1f3b11";

    fn users() -> Users {
        let mut users = Users::new(&Day::of(1).unwrap());
        users.order(UUID, "job 1".to_owned());
        users
    }

    #[test]
    fn job_that_is_run_after_its_end_is_found() {
        let mut users = users();
        let arguments = ["echo".to_owned(), "job 1".to_owned()];
        let status = |status| {
            let update = JobStatusUpdate {
                uuid: UUID.to_owned(),
                status,
                metadata: None,
            };
            ToFacilitator::from(update).to_text()
        };
        assert!(users.status_sent(&status(JobStatus::Accepted)));
        assert_eq!(users.run(&arguments), Ok(()));
        assert!(users.status_sent(&status(JobStatus::Failed)));
        assert!(users.run(&arguments).is_err());
    }

    #[test]
    fn job_that_was_read_and_has_no_end_is_found() {
        let record = r#"{"uuid": "UUID", "ordered_us": 0, "version": "V2", "validator": "", "miner_hotkey": null,
            "executor_class": "", "docker_image": "", "raw_script": "", "args": [], "use_gpu": false, "faults": [],
            "replay_of": null, "deliveries": [], "statuses": [], "status_count": 0}"#;
        let job: JobRecord = serde_json::from_str(&record.replace("UUID", UUID)).unwrap();
        let mut users = users();
        users.heard.insert(UUID.to_owned());
        users.settled(true);
        assert_eq!(users.check_job(&job), Ok(()));
        users.heard.insert(UUID.to_owned());
        users.settled(false);
        assert_eq!(users.check_job(&job), Err("a job that was read has an end"));
    }
}
