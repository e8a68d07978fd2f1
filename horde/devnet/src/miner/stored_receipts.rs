//! Receipts that come from validators.

use horde_proto::miner::{JobAcceptedReceiptRequest, JobFinishedReceiptRequest};
use horde_proto::receipt::ReceiptPayload;

use super::delivery::CLOSE_INTERNAL_ERROR;
use super::jobs::Stage;
use super::state::Miner;
use crate::journal::{Origin, ViolationKind};

impl Miner {
    /// Stores a receipt that comes with a message about the job `uuid`. One of each type is stored for a job (section 2.4): a second
    /// one ends the connection, as a fault of the store does in the reference.
    pub(super) fn store_receipt(
        &mut self,
        at: Origin,
        uuid: &str,
        payload: ReceiptPayload,
        signature: String,
    ) {
        if self.profile.is_local() {
            return;
        }
        let validator = self.validator(at);
        let foreign = if payload.job_uuid() != uuid {
            Some("the receipt is for another job")
        } else if payload.miner_hotkey() != self.hotkey {
            Some("the receipt is another miner's")
        } else if Some(payload.validator_hotkey()) != validator.as_deref() {
            Some("the receipt is another validator's")
        } else {
            None
        };
        if let Some(detail) = foreign {
            return self.note_violation(at, ViolationKind::ForeignReceipt, Some(uuid), detail);
        }
        let tag = payload.tag();
        if !self.receipts.put(payload, signature, at) {
            let detail = format!("there is a {tag} of this job already");
            self.note_violation(at, ViolationKind::ReceiptTwice, Some(uuid), &detail);
            self.close(at.connection, CLOSE_INTERNAL_ERROR);
        }
    }

    pub(super) fn take_accepted_receipt(&mut self, at: Origin, request: JobAcceptedReceiptRequest) {
        if self.profile.is_local() {
            return;
        }
        let uuid = request.payload.job_uuid.clone();
        match self.jobs.get(&uuid).map(|job| &job.stage) {
            None => {
                let detail = "nobody reserved the job of this accepted receipt";
                return self.note_violation(
                    at,
                    ViolationKind::ReceiptOfUnknownJob,
                    Some(&uuid),
                    detail,
                );
            }
            Some(Stage::Waiting | Stage::Declined) => {
                let detail = "the job is not accepted";
                self.note_violation(at, ViolationKind::AcceptedReceiptEarly, Some(&uuid), detail);
            }
            Some(Stage::Reserved { .. } | Stage::Running | Stage::Over) => {}
        }
        let payload = ReceiptPayload::JobAccepted(request.payload);
        self.store_receipt(at, &uuid, payload, request.signature);
    }

    /// Stores a finished receipt. One for an unknown job ends the connection, as it kills the reference's handler.
    pub(super) fn take_finished_receipt(&mut self, at: Origin, request: JobFinishedReceiptRequest) {
        if self.profile.is_local() {
            return;
        }
        let uuid = request.payload.job_uuid.clone();
        let Some(job) = self.jobs.get(&uuid) else {
            let detail = "nobody reserved the job of this finished receipt";
            self.note_violation(at, ViolationKind::ReceiptOfUnknownJob, Some(&uuid), detail);
            return self.close(at.connection, CLOSE_INTERNAL_ERROR);
        };
        if job.stage != Stage::Over && !job.is_organic {
            let detail = "the test has no result yet";
            self.note_violation(at, ViolationKind::FinishedReceiptEarly, Some(&uuid), detail);
        }
        let payload = ReceiptPayload::JobFinished(request.payload);
        self.store_receipt(at, &uuid, payload, request.signature);
    }
}
