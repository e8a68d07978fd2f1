//! Accepted and finished receipts on their way to miners.

use horde_events::{JobsScored, ReceiptsSigned, SignedReceipt};
use tig_plugin_api::prelude::*;

use crate::Miners;
use crate::job::JobId;
use crate::receipt::{self, Kind};
use crate::store::{StoredOutcome, over_key};

impl Miners {
    /// Signs, stores and sends the accepted receipt of a job.
    pub(super) fn send_accepted(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(job) = self.state.jobs.get(id) else {
            return Ok(());
        };
        let group = self.state.groups.get(&job.group);
        let ttl = group.map(|group| group.accepted_ttl_seconds(job.timeout_seconds, now_ms));
        let ttl = ttl.unwrap_or_default();
        let frame = self.validator.accepted(ctx, job, ttl, now_ms)?;
        let hotkey = job.hotkey.clone();
        self.state.emission.note(Kind::Accepted, &job.uuid);
        self.send_receipt(ctx, &hotkey, frame)
    }

    /// Sends the accepted receipt of a job again, as it is stored, after the connection on which it went out has ended.
    pub(super) fn repeat_accepted(&mut self, ctx: &mut Context<'_>, id: JobId) -> Result<()> {
        let job = self.state.jobs.get(id);
        let Some(job) = job.filter(|job| job.times.accepted_us.is_some()) else {
            return Ok(());
        };
        let Some(frame) = receipt::stored_accepted(ctx, &job.uuid)? else {
            return Ok(());
        };
        let hotkey = job.hotkey.clone();
        self.send_receipt(ctx, &hotkey, frame)
    }

    /// Signs, stores and sends the finished receipts of jobs that were answered. A receipt is signed once: what is stored
    /// is sent again as it is.
    pub(crate) fn send_finished(
        &mut self,
        ctx: &mut Context<'_>,
        scored: JobsScored,
    ) -> Result<()> {
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        for job in &scored.jobs {
            if self.state.has_sent_finished(&job.uuid) {
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
            self.state.note_finished(&job.uuid);
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

    /// Sends a receipt, or keeps it until there is a connection. A miner that is not linked to gets none.
    fn send_receipt(&mut self, ctx: &mut Context<'_>, hotkey: &str, frame: String) -> Result<()> {
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        match link.open_tag() {
            Some(tag) => ctx.ws_send(&tag, &frame),
            None if link.down_reason().is_some() => Ok(()),
            None => {
                link.keep_receipt(frame);
                Ok(())
            }
        }
    }
}
