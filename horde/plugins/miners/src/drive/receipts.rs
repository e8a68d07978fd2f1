//! Accepted and finished receipts on their way to miners.

use horde_events::{JobsScored, ReceiptsSigned, SignedReceipt};
use tig_plugin_api::prelude::*;

use crate::Miners;
use crate::job::{FrameKind, JobId};
use crate::receipt::{self, Kind};
use crate::store::{StoredOutcome, over_key};

impl Miners {
    /// Signs, stores and sends the accepted receipt of a job.
    pub(super) fn send_accepted(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(job) = self.state.jobs.get_mut(id) else {
            return Ok(());
        };
        let group = self.state.groups.get(&job.group);
        let ttl = group.map(|group| group.accepted_ttl_seconds(job.timeout_seconds, now_ms));
        let ttl = ttl.unwrap_or_default();
        let frame = self.validator.accepted(ctx, job, ttl, now_ms)?;
        job.is_receipt_unwritten = true;
        self.state.emission.note(Kind::Accepted, &job.uuid);
        let link = self.state.links.get(&job.hotkey);
        match link.and_then(|link| link.open_tag()) {
            Some(tag) => ctx.ws_send_reported(&tag, &frame, FrameKind::AcceptedReceipt.number(id)),
            None => Ok(()),
        }
    }

    /// Sends the accepted receipt of a job as it is stored, if the kernel did not have it before the last connection ended. A miner
    /// stores one per job, and a second one may end the connection (section 2.4).
    pub(super) fn repeat_accepted(
        &mut self,
        ctx: &mut Context<'_>,
        id: JobId,
        tag: &str,
    ) -> Result<()> {
        let job = self.state.jobs.get(id);
        let Some(job) = job.filter(|job| job.is_receipt_unwritten) else {
            return Ok(());
        };
        match receipt::stored_accepted(ctx, &job.uuid)? {
            Some(frame) => ctx.ws_send_reported(tag, &frame, FrameKind::AcceptedReceipt.number(id)),
            None => Ok(()),
        }
    }

    /// Signs, stores and sends the finished receipts of jobs that were answered. One that is stored was sent, or was lost with the host
    /// that had stored it: a second one may end the connection (section 2.4), and others can read it at this validator.
    pub(crate) fn send_finished(
        &mut self,
        ctx: &mut Context<'_>,
        scored: JobsScored,
    ) -> Result<()> {
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        for job in &scored.jobs {
            if receipt::is_finished(ctx, &job.uuid)? {
                continue;
            }
            let over = ctx.get_sound::<StoredOutcome>(&over_key(&job.uuid))?;
            let Some(over) = over.filter(|over| over.is_answer) else {
                ctx.debug_with(
                    "no finished receipt: the job was not answered",
                    &[("job", &job.uuid)],
                );
                continue;
            };
            let names = (job.uuid.as_str(), &*over.hotkey);
            let validator = &self.validator;
            let frame = validator.finished(ctx, names, &over.times, &job.score_text, now_ms)?;
            self.send_receipt(ctx, &over.hotkey, frame)?;
            let uuid = job.uuid.as_str().into();
            self.state.emission.note(Kind::Finished, &uuid);
        }
        Ok(())
    }

    /// Emits some of the receipts that were not emitted, at `update`: bounded, and not while a batch waits for its last executors,
    /// since all its jobs would wait with it. Users' jobs never stop, so they do not count here.
    pub(crate) fn emit_receipts(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let mut groups = self.state.groups.values();
        let is_near_barrier = groups.any(|group| !group.is_organic && !group.has_run);
        if self.state.emission.is_empty() || is_near_barrier {
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        let mut receipts = Vec::new();
        for (kind, uuid) in self.state.emission.take_piece() {
            let key = receipt::key(kind, &uuid);
            receipts.extend(ctx.get_sound::<SignedReceipt>(&key)?);
        }
        match receipts.is_empty() {
            true => Ok(()),
            false => ctx.emit(&ReceiptsSigned { receipts }),
        }
    }

    /// Sends a receipt, or keeps it until there is a connection. A miner that no extension wants a link to gets none.
    fn send_receipt(&mut self, ctx: &mut Context<'_>, hotkey: &str, frame: String) -> Result<()> {
        self.open_for_receipt(ctx, hotkey)?;
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        match link.open_tag() {
            Some(tag) => ctx.ws_send(&tag, &frame),
            None => {
                link.keep_receipt(frame);
                Ok(())
            }
        }
    }
}
