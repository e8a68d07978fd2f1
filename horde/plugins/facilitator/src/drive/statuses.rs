//! Statuses of jobs on their way to the facilitator.

use horde_events::{JobStatusGiven, quote};
use horde_proto::facilitator::{JobStatus, JobStatusMetadata, Response};
use serde_json::value::to_raw_value;
use tig_plugin_api::prelude::*;

use super::SEND_TIMER;
use super::connect::error_text;
use crate::Facilitator;
use crate::frame::{fit, status_frame};
use crate::queue::{Next, Verdict};
use crate::store::{StoredStatus, status_key};

impl Facilitator {
    /// A status that another extension has given. It is durable, so it may come twice.
    pub(crate) fn take_status(
        &mut self,
        ctx: &mut Context<'_>,
        event: &JobStatusGiven,
    ) -> Result<()> {
        let Ok(status) = event.status.parse::<JobStatus>() else {
            ctx.error_with(
                "facilitator: a status of a job is unknown and not sent",
                &[
                    ("job", &quote(&event.uuid)),
                    ("status", &quote(&event.status)),
                ],
            );
            return Ok(());
        };
        let metadata = match serde_json::from_str(event.metadata.get()) {
            Ok(metadata) => metadata,
            Err(error) => {
                // The user gets the status all the same, and metadata must be there (section 10.10).
                ctx.error_with(
                    "facilitator: the details of a status cannot be read and are left out",
                    &[("job", &quote(&event.uuid)), ("fault", &error.to_string())],
                );
                JobStatusMetadata::default()
            }
        };
        ctx.mark_fields_changed()?;
        self.give_status(ctx, &event.uuid, status, metadata)
    }

    /// Stores a status, and sends it if none is under way.
    pub(super) fn give_status(
        &mut self,
        ctx: &mut Context<'_>,
        uuid: &str,
        status: JobStatus,
        metadata: JobStatusMetadata,
    ) -> Result<()> {
        if !self.jobs.note(ctx, uuid, status)? {
            ctx.debug(&format!(
                "facilitator: {status} of job {} came before",
                quote(uuid)
            ));
            return Ok(());
        }
        let (metadata, is_cut) = fit(uuid, status, metadata);
        if is_cut {
            ctx.warn_with(
                "facilitator: the output of a job is too long for a frame and is cut",
                &[("job", &quote(uuid))],
            );
        }
        let metadata = to_raw_value(&metadata)?;
        let (number, bytes) = (self.run.queue.next_number(), metadata.get().len() as u64);
        let queued_ms = ctx.now_ms();
        let stored = StoredStatus {
            uuid: uuid.to_owned(),
            status,
            metadata,
            queued_ms,
        };
        ctx.put(&status_key(number), &stored)?;
        let queue = &mut self.run.queue;
        queue.insert(number, (stored.uuid, status), queued_ms, bytes);
        self.drop_surplus(ctx)?;
        self.report_unfinished(ctx);
        self.send_next(ctx)
    }

    /// Sends the next status if the connection is up and none is under way.
    pub(super) fn send_next(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        if !self.run.connection.is_up() {
            return Ok(());
        }
        let now_ms = ctx.now_ms();
        loop {
            let number = match self.run.queue.next_due(now_ms) {
                Next::Send(number) => number,
                Next::Wait(until_ms) => return ctx.at(SEND_TIMER, until_ms),
                Next::Nothing => return Ok(()),
            };
            let Some(stored) = ctx.get_sound::<StoredStatus>(&status_key(number))? else {
                // It was damaged, and is set aside.
                self.remove(ctx, number, "damaged")?;
                continue;
            };
            let metadata = serde_json::from_str(stored.metadata.get()).unwrap_or_default();
            let frame = status_frame(&stored.uuid, stored.status, metadata);
            ctx.ws_send(&self.run.connection.tag(), &frame)?;
            self.run.queue.send(number);
            return self.await_answer(ctx);
        }
    }

    /// The facilitator has answered a status.
    pub(super) fn on_answer(&mut self, ctx: &mut Context<'_>, response: &Response) -> Result<()> {
        let now_ms = ctx.now_ms();
        let verdict = self.run.queue.answer(response, now_ms);
        match verdict {
            Verdict::Unauthenticated => return self.end_refused(ctx, response),
            Verdict::Unexpected => ctx.warn_with(
                "facilitator: an answer to nothing",
                &[("answer", &error_text(response))],
            ),
            Verdict::Done(number) => self.remove(ctx, number, "answered")?,
            Verdict::Later(number) => self.log_error(ctx, number, "sent again later", response),
            Verdict::GivenUp(number) => {
                self.log_error(ctx, number, "given up", response);
                self.remove(ctx, number, "refused")?;
            }
        }
        self.run.answer_by_ms = None;
        self.send_next(ctx)
    }

    fn log_error(
        &self,
        ctx: &mut Context<'_>,
        number: u64,
        consequence: &'static str,
        response: &Response,
    ) {
        let entry = self.run.queue.get(number);
        let job = entry.map_or(String::new(), |entry| quote(&entry.uuid));
        let status = entry.map_or("", |entry| entry.status.as_str());
        ctx.warn_with(
            "facilitator: a status is answered with an error",
            &[
                ("job", &job),
                ("status", &status),
                ("answer", &error_text(response)),
                ("consequence", &consequence),
            ],
        );
    }

    /// Gives up statuses that are too old or too many.
    pub(crate) fn drop_surplus(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        let surplus = self.run.queue.surplus(now_ms);
        if surplus.is_empty() {
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        ctx.error_with(
            "facilitator: statuses of jobs could not be delivered and are given up",
            &[("count", &surplus.len())],
        );
        for number in surplus {
            self.remove(ctx, number, "undelivered")?;
        }
        Ok(())
    }

    /// Forgets a status. `result` says why, in a word for the metrics.
    fn remove(&mut self, ctx: &mut Context<'_>, number: u64, result: &'static str) -> Result<()> {
        ctx.delete(&status_key(number))?;
        if let Some(entry) = self.run.queue.remove(number) {
            let status = entry.status.as_str();
            ctx.count("statuses", &[("status", status), ("result", result)], 1);
        }
        self.report_unfinished(ctx);
        Ok(())
    }
}
