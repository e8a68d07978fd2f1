//! Frames of messages about jobs, with the vices that concern them.

use horde_proto::miner::ToValidator;

use super::effect::Frame;
use super::faulty_frames;
use super::state::Miner;
use crate::vice::{Vice, Whose};

/// The uuid of a job that nobody has.
const NOBODYS_UUID: &str = "00000000-0000-4000-8000-000000000000";

impl Miner {
    /// The frames of a message about a job.
    pub(super) fn frames(&self, message: &ToValidator) -> Vec<Frame> {
        let mut frames = Vec::new();
        let whose = self.vices.find(|vice| match vice {
            Vice::OthersUuids(whose) => Some(whose),
            _ => None,
        });
        if let Some(whose) = whose {
            let uuid = match whose {
                Whose::Miner => self.neighbour_job.as_deref(),
                Whose::Finished => self.finished_job.as_deref(),
                Whose::Nobody => None,
            };
            let foreign = with_uuid(message.clone(), uuid.unwrap_or(NOBODYS_UUID));
            frames.push(self.frame(&foreign));
        }
        let frame = self.frame(message);
        if self.vices.has(Vice::Twice) {
            frames.push(frame.clone());
        }
        frames.push(frame);
        frames
    }

    fn frame(&self, message: &ToValidator) -> Frame {
        let text = message.to_text();
        match message {
            ToValidator::JobFinished(_) if self.vices.has(Vice::OddStdout) => {
                Frame::Text(faulty_frames::with_odd_stdout(&text))
            }
            _ => Frame::Text(text),
        }
    }
}

/// The message for another job.
fn with_uuid(mut message: ToValidator, uuid: &str) -> ToValidator {
    let job_uuid = match &mut message {
        ToValidator::AcceptJob(request) => &mut request.job_uuid,
        ToValidator::DeclineJob(request) => &mut request.job_uuid,
        ToValidator::ExecutorReady(request) => &mut request.job_uuid,
        ToValidator::ExecutorFailed(request) => &mut request.job_uuid,
        ToValidator::JobFailed(request) => &mut request.job_uuid,
        ToValidator::JobFinished(request) => &mut request.job_uuid,
        ToValidator::MachineSpecs(request) => &mut request.job_uuid,
        ToValidator::ExecutorManifest(_)
        | ToValidator::GenericError(_)
        | ToValidator::UnauthorizedError(_) => return message,
    };
    uuid.clone_into(job_uuid);
    message
}
