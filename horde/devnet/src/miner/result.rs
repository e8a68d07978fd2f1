//! Results of jobs, and the vices that concern them.

use horde_proto::miner::{JobFinishedRequest, MachineSpecsRequest, ToValidator};
use horde_proto::{MachineSpecs, Specs};

use super::jobs::Stage;
use super::state::Miner;
use crate::vice::{Mebibytes, Step, Vice};
use crate::work::Outcome;

/// An answer that no job has.
const WRONG_ANSWER: &str = "wrong answer\n";

impl Miner {
    /// Reports the outcome of a running job, or keeps it until its validator comes back.
    pub(super) fn finish(&mut self, uuid: &str, outcome: Outcome) {
        let job = self.jobs.get(uuid);
        let Some(job) = job.filter(|job| job.stage == Stage::Running) else {
            return;
        };
        let validator = job.validator.clone();
        let result = self.result(uuid, outcome, job.payload_chars);
        self.jobs.set_stage(uuid, Stage::Over);
        let has_specs = matches!(result, ToValidator::JobFinished(_));
        if has_specs && !self.profile.is_instant {
            for connection in self.connections.of(&validator) {
                self.send(connection, &machine_specs(uuid));
            }
        }
        if !self.report_step(&validator, Step::Result, &result) {
            self.jobs.keep_result(uuid, result);
        }
        self.finished_job = Some(uuid.to_owned());
    }

    /// The message with the outcome, or with what the miner says in its place.
    fn result(&self, uuid: &str, outcome: Outcome, payload_chars: usize) -> ToValidator {
        // A text that is long on purpose is not shortened.
        let whole = |stdout: String| {
            ToValidator::JobFinished(JobFinishedRequest {
                job_uuid: uuid.to_owned(),
                docker_process_stdout: stdout,
                docker_process_stderr: String::new(),
            })
        };
        let large = self.vices.find(|vice| match vice {
            Vice::LargeStdout(Mebibytes(mebibytes)) => Some(mebibytes),
            _ => None,
        });
        if let Some(mebibytes) = large {
            whole("x".repeat((mebibytes as usize) << 20))
        } else if self.vices.has(Vice::WrongAnswerOfPayloadSize) {
            whole("x".repeat(payload_chars))
        } else if self.vices.has(Vice::WrongAnswer) {
            whole(WRONG_ANSWER.to_owned())
        } else if self.vices.has(Vice::FailsJobs) {
            let failed = Outcome::Failed {
                exit_status: Some(1),
                stdout: String::new(),
                stderr: "failed on purpose\n".to_owned(),
            };
            failed.into_message(uuid)
        } else {
            outcome.into_message(uuid)
        }
    }
}

/// The description of an executor that has no graphics card.
fn machine_specs(uuid: &str) -> ToValidator {
    let mut specs = Specs::new();
    specs.insert("os".to_owned(), "horde-devnet".into());
    ToValidator::MachineSpecs(MachineSpecsRequest {
        job_uuid: uuid.to_owned(),
        specs: MachineSpecs { specs },
    })
}
