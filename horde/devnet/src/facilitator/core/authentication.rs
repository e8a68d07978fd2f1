//! Who a validator is, and that it is alive.

use horde_proto::facilitator::AuthenticationRequest;

use super::{CODE_BAD_SIGNATURE, CODE_NOT_ACTIVE};
use super::{FacilitatorCore, FacilitatorEffect, Kind, response};
use crate::facilitator::fault::{Ending, FaultStep};

impl FacilitatorCore {
    pub(super) fn authenticate(
        &mut self,
        id: u64,
        request: &AuthenticationRequest,
        now_us: i64,
        effects: &mut Vec<FacilitatorEffect>,
    ) {
        let is_second = self
            .connection(id)
            .is_some_and(|connection| connection.validator.is_some());
        if is_second {
            let detail = "the validator is authenticated already".to_owned();
            self.note(id, Kind::AuthenticatedTwice, None, detail, now_us);
            self.answer(id, response::already_authenticated(), effects);
            return;
        }
        let validator = match request.verify() {
            Ok(key) => key.to_ss58(),
            Err(error) => {
                let detail = tig_process::error_chain::error_chain(&error);
                self.note(id, Kind::SignatureInvalid, None, detail, now_us);
                self.answer(id, response::signature_invalid(), effects);
                self.end(id, Ending::Close(CODE_BAD_SIGNATURE), effects);
                return;
            }
        };
        if !self.knows(&validator) {
            self.answer(id, response::validator_not_found(), effects);
            self.end(id, Ending::Close(CODE_NOT_ACTIVE), effects);
            return;
        }
        self.connections.note_authentication(id, &validator, now_us);
        self.validators
            .entry(validator.clone())
            .or_default()
            .alive_us = now_us;
        self.answer(id, response::success(), effects);
        if !self.end_at(id, FaultStep::Auth, effects) {
            self.resend_after_authentication(id, &validator, now_us, effects);
        }
    }

    pub(super) fn note_heartbeat(&mut self, id: u64, now_us: i64) {
        let Some(validator) = self.connections.note_heartbeat(id, now_us) else {
            return;
        };
        if let Some(validator) = self.validators.get_mut(validator) {
            validator.alive_us = now_us;
        }
    }
}
