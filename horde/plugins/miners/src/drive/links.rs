//! Opening, authenticating, losing and giving up connections.

use std::sync::Arc;

use horde_events::LinkState;
use horde_proto::miner::{AuthenticateRequest, AuthenticationPayload, ToMiner, validator_path};
use tig_plugin_api::prelude::*;

use super::{LINK_TIMER, set_link_timer};
use crate::Miners;
use crate::job::JobId;
use crate::link::{ConnectionEnd, Link, Next, State, close_reason};

/// Code with which links are closed.
const CLOSE_NORMAL: u16 = 1000;

impl Miners {
    /// Opens a connection to a miner that has none.
    pub(super) fn connect(&mut self, ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
        let tag = self.state.links.next_tag(self.state.session);
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        let path = validator_path(self.validator.address());
        ctx.ws_open(&WsOpen {
            tag: tag.to_string(),
            url: format!("ws://{}{path}", link.authority),
            headers: Vec::new(),
            frame_bytes_max: self.config.frame_bytes_max,
            ping_every_ms: self.config.ping_every_ms,
            silent_ms_max: self.config.silent_ms_max,
            connect_ms: self.config.connect_ms,
        })?;
        link.connect(Arc::clone(&tag));
        let due_ms = link.due_ms();
        self.state.links.bind(tag, &hotkey.into());
        set_link_timer(ctx, hotkey, due_ms)
    }

    /// Authenticates on a new connection, and takes up the jobs of the miner: what the kernel had not got is sent again. Miners
    /// keep frames that come before they have checked the authentication (section 2.2).
    pub(super) fn on_opened(&mut self, ctx: &mut Context<'_>, tag: &str) -> Result<()> {
        let Some(hotkey) = self.state.links.hotkey_of(tag) else {
            return Ok(());
        };
        let now_ms = ctx.now_ms();
        let payload = AuthenticationPayload {
            validator_hotkey: self.validator.address().to_owned(),
            miner_hotkey: hotkey.to_string(),
            timestamp: i64::try_from(now_ms / 1_000)?,
        };
        let signature = self.validator.sign(ctx, &payload)?;
        let request = AuthenticateRequest { payload, signature };
        ctx.ws_send(tag, &ToMiner::Authenticate(request).to_text())?;
        let Some(link) = self.state.links.get_mut(&hotkey) else {
            return Ok(());
        };
        let receipts = link.open(now_ms);
        for frame in &receipts {
            ctx.ws_send(tag, frame)?;
        }
        let jobs = link.jobs.iter().copied();
        let is_repeated = |id: &JobId| {
            let job = self.state.jobs.get(*id);
            job.is_some_and(|job| job.repeats_reservation())
        };
        // A miner may end the connection at a reservation that it has. Those that it has not come before, as it has read the
        // frames of the last connection in their order; and what cannot end the connection comes before them.
        let (repeated, mut jobs): (Vec<_>, Vec<_>) = jobs.partition(is_repeated);
        jobs.extend(repeated.into_iter().rev());
        for id in jobs {
            self.repeat_accepted(ctx, id, tag)?;
            self.send_waiting(ctx, id, tag)?;
        }
        // The link may have been kept for the receipts alone.
        match receipts.is_empty() {
            true => Ok(()),
            false => self.settle_link(ctx, &hotkey),
        }
    }

    /// Draws the conclusions from the end of a connection.
    pub(super) fn on_closed(
        &mut self,
        ctx: &mut Context<'_>,
        tag: &str,
        end: &ConnectionEnd,
    ) -> Result<()> {
        let Some(hotkey) = self.state.links.hotkey_of(tag) else {
            self.state.links.forget(tag);
            return Ok(());
        };
        self.state.links.forget(tag);
        let now_ms = ctx.now_ms();
        let (first_max, later_max) = (self.config.first_attempts_max, self.config.attempts_max);
        let Some(link) = self.state.links.get_mut(&hotkey) else {
            return Ok(());
        };
        let was_open = link.is_open();
        let reason = close_reason(end, link.last_error.as_deref());
        let is_known = link.manifest.is_some();
        let attempts_max = if is_known { later_max } else { first_max };
        let next = link.lose(now_ms, &reason, attempts_max, || ctx.random_unit());
        let jobs: Vec<_> = link.jobs.iter().copied().collect();
        if was_open {
            ctx.warn_with(
                "connection lost",
                &[
                    ("miner", &&*hotkey),
                    ("reason", &reason),
                    ("jobs", &jobs.len()),
                    ("unsent", &end.unsent),
                ],
            );
        }
        // What would be sent again would be answered by the same frame.
        if end.class == WsCloseClass::TooLarge {
            return self.give_up(ctx, &hotkey, reason);
        }
        for id in jobs {
            self.lose_connection(ctx, id)?;
        }
        // With the last of these jobs, the link may have been let go, or opened to another address.
        let link = self.state.links.get(&hotkey);
        if link.is_none_or(|link| link.tag.is_some() || link.down_reason().is_some()) {
            return Ok(());
        }
        match next {
            Next::Reopen => self.connect(ctx, &hotkey),
            Next::Pause => {
                let link = self.state.links.get(&hotkey);
                set_link_timer(ctx, &hotkey, link.and_then(|link| link.due_ms()))
            }
            Next::GiveUp { reason } => self.give_up(ctx, &hotkey, reason),
        }
    }

    /// The timer of a link: a pause is over, or the manifest that a holder waits for did not come.
    pub(super) fn on_link_timer(&mut self, ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
        let now_ms = ctx.now_ms();
        let Some(link) = self.state.links.get(hotkey) else {
            return Ok(());
        };
        if link.due_ms().is_none_or(|due_ms| due_ms > now_ms) {
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        if link.manifest_due_ms().is_some_and(|by_ms| by_ms <= now_ms) {
            return self.miss_manifest(ctx, hotkey);
        }
        match link.state {
            State::Pausing { .. } => self.connect(ctx, hotkey),
            _ => Ok(()),
        }
    }

    /// The manifest that a holder waits for did not come in time. If there can be jobs or receipts for the miner, its connection stays, or
    /// the attempts to connect do. Other links are given up.
    fn miss_manifest(&mut self, ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        let seconds = self.config.manifest_ms / 1_000;
        let mut reason = format!("the miner has not shown its manifest within {seconds} s");
        let cause = link.last_error.as_ref().or(link.last_failure.as_ref());
        if let Some(cause) = cause {
            reason.push_str(": ");
            reason.push_str(cause);
        }
        if !link.outlives_fault() {
            return self.give_up(ctx, hotkey, reason);
        }
        let state = link.miss_manifest(reason);
        if let Some(reason) = link.fault_reason() {
            ctx.warn_with(
                "miner shows no manifest and gets no further job; its link stays",
                &[("miner", &hotkey), ("reason", &reason)],
            );
        }
        set_link_timer(ctx, hotkey, link.due_ms())?;
        self.emit_link(ctx, hotkey, state)
    }

    /// Makes no further attempt: the miner's jobs end.
    pub(super) fn give_up(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        reason: String,
    ) -> Result<()> {
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        if let Some(tag) = link.tag.clone() {
            ctx.ws_close(&tag, CLOSE_NORMAL, "")?;
            self.state.links.close(&tag);
        }
        ctx.cancel(&format!("{LINK_TIMER}{hotkey}"))?;
        let is_wanted = self.is_wanted(hotkey);
        let Some(link) = self.state.links.get_mut(hotkey) else {
            return Ok(());
        };
        link.give_up(reason.clone());
        let jobs: Vec<_> = link.jobs.iter().copied().collect();
        if !is_wanted && jobs.is_empty() {
            // It was kept for receipts alone: nobody is to take its end for an answer to a question of their own.
            return self.settle_link(ctx, hotkey);
        }
        ctx.warn_with(
            "miner is unreachable",
            &[
                ("miner", &hotkey),
                ("reason", &reason),
                ("jobs", &jobs.len()),
            ],
        );
        ctx.count("links_down", &[], 1);
        let state = LinkState::Down {
            reason: reason.clone(),
        };
        self.emit_link(ctx, hotkey, state)?;
        self.end_unreachable(ctx, &jobs, &reason)?;
        self.settle_link(ctx, hotkey)
    }

    /// Closes and forgets a link. Returns it.
    pub(super) fn drop_link(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        reason: &str,
    ) -> Result<Option<Link>> {
        let tag = self
            .state
            .links
            .get(hotkey)
            .and_then(|link| link.tag.clone());
        if let Some(tag) = tag {
            ctx.ws_close(&tag, CLOSE_NORMAL, reason)?;
            self.state.links.close(&tag);
        }
        ctx.cancel(&format!("{LINK_TIMER}{hotkey}"))?;
        Ok(self.state.links.remove(hotkey))
    }

    /// Closes a connection of an instance that is gone.
    pub(super) fn close_stray(&mut self, ctx: &mut Context<'_>, tag: &str) -> Result<()> {
        ctx.ws_close(tag, CLOSE_NORMAL, "the validator has started again")?;
        self.state.links.close(tag);
        Ok(())
    }
}
