//! What the facilitator sends.

use horde_events::{JobRequested, quote};
use horde_proto::facilitator::{JobRequest, JobStatus, JobStatusMetadata, ToValidator, Tolerated};
use horde_proto::{MessageError, is_uuid};
use serde_json::value::RawValue;
use tig_plugin_api::prelude::*;

use crate::Facilitator;
use crate::connection::State;

/// Longest name of a job that is answered, in bytes; a UUID has 36.
const JOB_NAME_BYTES_MAX: usize = 64;

impl Facilitator {
    /// A frame on the present connection.
    pub(super) fn on_frame(&mut self, ctx: &mut Context<'_>, text: &str) -> Result<()> {
        let response = match ToValidator::parse_tolerant(text) {
            Ok(Tolerated {
                message: ToValidator::JobRequest(request),
                dropped,
            }) => return self.take_request(ctx, *request, &dropped),
            Err(error) => return self.on_unreadable(ctx, text, error),
            Ok(Tolerated {
                message: ToValidator::Response(response),
                ..
            }) => response,
        };
        match self.run.connection.state() {
            State::Authenticating => self.on_authenticated(ctx, &response),
            _ => self.on_answer(ctx, &response),
        }
    }

    /// A frame on another connection. Answers on it are to what is sent once more on the present one.
    pub(super) fn on_stray_frame(&mut self, ctx: &mut Context<'_>, text: &str) -> Result<()> {
        match ToValidator::parse_tolerant(text) {
            Ok(Tolerated {
                message: ToValidator::JobRequest(request),
                dropped,
            }) => self.take_request(ctx, *request, &dropped),
            Ok(_) => Ok(()),
            Err(error) => self.on_unreadable(ctx, text, error),
        }
    }

    /// A job. It is stored and given away by the same transaction, so each uuid is given away once.
    fn take_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: JobRequest,
        dropped: &[String],
    ) -> Result<()> {
        let uuid = request.uuid().to_owned();
        if self.is_repeated(ctx, &uuid) {
            return Ok(());
        }
        if !is_uuid(&uuid) {
            let reason = "`uuid` is not a UUID in lower case with hyphens";
            return self.reject(ctx, &uuid, reason.to_owned());
        }
        if !dropped.is_empty() {
            ctx.info_with(
                "facilitator: unknown fields of a request are dropped; it may be newer than this validator",
                &[("job", &uuid), ("fields", &dropped.join(", "))],
            );
        }
        self.jobs.insert(ctx, &uuid)?;
        let received_ms = ctx.now_ms();
        let request = ToValidator::JobRequest(Box::new(request)).to_text();
        ctx.emit(&JobRequested {
            uuid,
            request: RawValue::from_string(request)?,
            received_ms,
        })?;
        ctx.count("requests", &[("result", "taken")], 1);
        Ok(())
    }

    /// A frame that is not a message. If it names a job, the user gets an answer; if that job is known, it is not ended by this.
    fn on_unreadable(
        &mut self,
        ctx: &mut Context<'_>,
        text: &str,
        error: MessageError,
    ) -> Result<()> {
        let reason = Error::from(error).to_string();
        match ToValidator::job_of(text) {
            Some(uuid) if !self.is_repeated(ctx, &uuid) => self.reject(ctx, &uuid, reason),
            Some(_) => Ok(()),
            None => {
                ctx.count("requests", &[("result", "unreadable")], 1);
                ctx.warn_with(
                    "facilitator: a frame cannot be read and is ignored",
                    &[("fault", &reason), ("frame", &quote(text))],
                );
                Ok(())
            }
        }
    }

    /// Answers a request that cannot be run.
    fn reject(&mut self, ctx: &mut Context<'_>, uuid: &str, reason: String) -> Result<()> {
        ctx.count("requests", &[("result", "rejected")], 1);
        ctx.warn_with(
            "facilitator: a request cannot be run and is rejected",
            &[("job", &quote(uuid)), ("reason", &reason)],
        );
        if uuid.is_empty() || uuid.len() > JOB_NAME_BYTES_MAX {
            return Ok(());
        }
        self.jobs.insert(ctx, uuid)?;
        let metadata = JobStatusMetadata {
            comment: reason,
            ..JobStatusMetadata::default()
        };
        self.give_status(ctx, uuid, JobStatus::Rejected, metadata)
    }

    /// Whether a job came before: on another connection, before a restart, or because somebody sends it once more.
    fn is_repeated(&self, ctx: &mut Context<'_>, uuid: &str) -> bool {
        let is_repeated = self.jobs.contains(uuid);
        if is_repeated {
            ctx.count("requests", &[("result", "repeated")], 1);
            ctx.info_with(
                "facilitator: a request came before and is one job",
                &[("job", &quote(uuid))],
            );
        }
        is_repeated
    }
}
