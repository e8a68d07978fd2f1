//! Authentication of validators, and what follows it.

use horde_proto::SignatureError;
use horde_proto::miner::{Admission, AdmissionError, AuthenticateRequest, GenericError};
use tig_process::error_chain::error_chain;

use super::connection::{ConnectionId, ConnectionState};
use super::delivery::{CLOSE_INTERNAL_ERROR, CLOSE_NORMAL};
use super::reservation::ready;
use super::state::Miner;
use crate::journal::{Origin, ViolationKind};
use crate::vice::Step;

impl Miner {
    pub(super) fn refuse_unknown(&mut self, connection: ConnectionId, validator: &str) {
        self.refuse(connection, GenericError::unknown_validator(validator));
    }

    pub(super) fn refuse_inactive(&mut self, connection: ConnectionId, validator: &str) {
        self.refuse(connection, GenericError::inactive_validator(validator));
    }

    fn refuse(&mut self, connection: ConnectionId, error: GenericError) {
        self.send(connection, &error.into());
        self.close(connection, CLOSE_NORMAL);
    }

    /// Admits a validator, or refuses it as the reference does (section 2.2).
    pub(super) fn authenticate(&mut self, at: Origin, request: &AuthenticateRequest) {
        let now = self.own_seconds(at.at_us);
        let Some(connection) = self.connections.get_mut(at.connection) else {
            return;
        };
        let validator = connection.validator.clone();
        let admission = Admission {
            now,
            miner_hotkey: (!self.profile.is_local()).then_some(&self.hotkey),
            validator_hotkey: &validator,
        };
        match admission.check(request) {
            Ok(()) => {
                connection.state = ConnectionState::Open;
                self.resume(at, &validator);
            }
            Err(error) => {
                let detail = error_chain(&error);
                self.note_violation(at, ViolationKind::AuthenticationRefused, None, &detail);
                if let AdmissionError::Signature(SignatureError::Text(_)) = error {
                    // The reference's verifier raises on such a text, and its handler dies.
                    self.close(at.connection, CLOSE_INTERNAL_ERROR);
                } else {
                    let error = GenericError::not_authenticated(&validator, &error);
                    self.refuse(at.connection, error);
                }
            }
        }
    }

    /// Sends the manifest and what the validator has missed, then handles what has waited.
    fn resume(&mut self, at: Origin, validator: &str) {
        self.begin_step(at.connection, Step::Auth);
        self.end_step(at.connection, Step::Auth);
        self.send_manifest(at.connection);
        while self.connections.is_live(at.connection)
            && let Some(result) = self.jobs.take_unreported(validator)
        {
            self.step(at.connection, Step::Result, &result);
        }
        for uuid in self.jobs.reserved(validator) {
            if self.connections.is_live(at.connection) {
                self.step(at.connection, Step::Ready, &ready(&uuid));
            }
        }
        self.handle_queued(at.connection);
    }
}
