//! Authentication of validators, and what follows it.

use horde_proto::SignatureError;
use horde_proto::miner::{
    Admission, AdmissionError, AuthenticateRequest, GenericError, ToValidator,
};

use super::connection::{ConnectionId, Standing};
use super::delivery::{CLOSE_INTERNAL_ERROR, CLOSE_NORMAL};
use super::effect::Effect;
use super::state::{Miner, Moment};
use crate::journal::ViolationKind;
use crate::vice::Step;

impl Miner {
    pub(super) fn refuse_unknown(
        &mut self,
        connection: ConnectionId,
        validator: &str,
        effects: &mut Vec<Effect>,
    ) {
        self.refuse(
            connection,
            GenericError::unknown_validator(validator),
            effects,
        );
    }

    pub(super) fn refuse_inactive(
        &mut self,
        connection: ConnectionId,
        validator: &str,
        effects: &mut Vec<Effect>,
    ) {
        self.refuse(
            connection,
            GenericError::inactive_validator(validator),
            effects,
        );
    }

    fn refuse(&mut self, connection: ConnectionId, error: GenericError, effects: &mut Vec<Effect>) {
        self.send(connection, &error.into(), effects);
        self.close(connection, CLOSE_NORMAL, "", effects);
    }

    /// Admits a validator, or refuses it as the reference does (section 2.2).
    pub(super) fn authenticate(
        &mut self,
        at: Moment,
        request: &AuthenticateRequest,
        effects: &mut Vec<Effect>,
    ) {
        let now = self.own_seconds(at.at_us);
        let Some(connection) = self.connections.get_mut(at.connection) else {
            return;
        };
        let validator = connection.validator.clone();
        let admission = Admission {
            now,
            miner_hotkey: Some(&self.hotkey),
            validator_hotkey: &validator,
        };
        match admission.check(request) {
            Ok(()) => {
                connection.standing = Standing::Open;
                self.welcome(at, &validator, effects);
            }
            Err(error) => {
                let detail = tig_process::error_chain::error_chain(&error);
                self.accuse(at, ViolationKind::AuthenticationRefused, None, &detail);
                if let AdmissionError::Signature(SignatureError::Text(_)) = error {
                    // The reference's verifier raises on such a text, and its handler dies.
                    self.close(at.connection, CLOSE_INTERNAL_ERROR, "", effects);
                } else {
                    let error = GenericError::not_authenticated(&validator, &error);
                    self.refuse(at.connection, error, effects);
                }
            }
        }
    }

    /// Sends the manifest and what the validator has missed, then handles what has waited.
    fn welcome(&mut self, at: Moment, validator: &str, effects: &mut Vec<Effect>) {
        self.begin_step(at.connection, Step::Auth, effects);
        self.end_step(at.connection, Step::Auth, effects);
        self.send_manifest(at.connection, effects);
        if self.connections.is_live(at.connection) {
            for (_, result) in self.jobs.take_unreported(validator) {
                self.step(at.connection, Step::Result, &result, effects);
            }
            for uuid in self.jobs.reserved(validator) {
                let ready = Self::ready(&uuid);
                self.step(at.connection, Step::Ready, &ready, effects);
            }
        }
        while let Some((at_us, message)) = self.next_queued(at.connection) {
            self.handle(Moment { at_us, ..at }, message, effects);
        }
    }

    fn next_queued(
        &mut self,
        connection: ConnectionId,
    ) -> Option<(i64, horde_proto::miner::ToMiner)> {
        self.connections.get_mut(connection)?.queued.pop_front()
    }

    pub(super) fn ready(job_uuid: &str) -> ToValidator {
        horde_proto::miner::ExecutorReadyRequest {
            job_uuid: job_uuid.to_owned(),
        }
        .into()
    }
}
