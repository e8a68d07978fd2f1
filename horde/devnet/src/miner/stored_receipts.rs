//! Receipts that come from validators.

use horde_proto::miner::{JobAcceptedReceiptRequest, JobFinishedReceiptRequest};
use horde_proto::receipt::ReceiptPayload;

use super::delivery::CLOSE_INTERNAL_ERROR;
use super::effect::Effect;
use super::jobs::Stage;
use super::state::{Miner, Moment};
use crate::journal::ViolationKind;
use crate::receipts::Origin;

impl Miner {
    /// Stores a receipt that comes with a message about the job `uuid`.
    pub(super) fn store_receipt(
        &mut self,
        at: Moment,
        uuid: &str,
        payload: ReceiptPayload,
        signature: String,
    ) {
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
            return self.accuse(at, ViolationKind::ForeignReceipt, Some(uuid), detail);
        }
        let origin = Origin {
            connection: at.connection,
            at_us: at.at_us,
        };
        let tag = payload.tag();
        if self.receipts.put(payload, signature, origin) {
            let detail = format!("there is another {tag} of this job");
            self.accuse(at, ViolationKind::ReceiptTwice, Some(uuid), &detail);
        }
    }

    pub(super) fn take_accepted_receipt(&mut self, at: Moment, request: JobAcceptedReceiptRequest) {
        let uuid = request.payload.job_uuid.clone();
        match self.jobs.get(&uuid).map(|job| &job.stage) {
            None => {
                let detail = "nobody reserved the job of this accepted receipt";
                return self.accuse(at, ViolationKind::ReceiptOfUnknownJob, Some(&uuid), detail);
            }
            Some(Stage::Waiting | Stage::Declined) => {
                let detail = "the job is not accepted";
                self.accuse(at, ViolationKind::AcceptedReceiptEarly, Some(&uuid), detail);
            }
            Some(Stage::Reserved { .. } | Stage::Running | Stage::Over) => {}
        }
        let payload = ReceiptPayload::JobAccepted(request.payload);
        self.store_receipt(at, &uuid, payload, request.signature);
    }

    /// Stores a finished receipt. One for an unknown job ends the connection, as it kills the reference's handler.
    pub(super) fn take_finished_receipt(
        &mut self,
        at: Moment,
        request: JobFinishedReceiptRequest,
        effects: &mut Vec<Effect>,
    ) {
        let uuid = request.payload.job_uuid.clone();
        let Some(job) = self.jobs.get(&uuid) else {
            let detail = "nobody reserved the job of this finished receipt";
            self.accuse(at, ViolationKind::ReceiptOfUnknownJob, Some(&uuid), detail);
            return self.close(at.connection, CLOSE_INTERNAL_ERROR, "", effects);
        };
        if job.stage != Stage::Over && !job.is_organic {
            let detail = "the test has no result yet";
            self.accuse(at, ViolationKind::FinishedReceiptEarly, Some(&uuid), detail);
        }
        let payload = ReceiptPayload::JobFinished(request.payload);
        self.store_receipt(at, &uuid, payload, request.signature);
    }
}
