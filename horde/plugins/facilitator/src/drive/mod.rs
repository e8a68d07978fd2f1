//! The edge: what the state machines decide becomes calls to the host.

mod connect;
mod requests;
mod statuses;

use tig_plugin_api::prelude::*;

use crate::Facilitator;

/// Timer of the end of a pause before the next attempt to connect.
pub(crate) const CONNECT_TIMER: &str = "connect";
/// Timer of an answer that does not come.
const ANSWER_TIMER: &str = "answer";
/// Timer of heartbeats.
const HEARTBEAT_TIMER: &str = "heartbeat";
/// Timer of statuses that are to be sent later.
const SEND_TIMER: &str = "send";

impl Facilitator {
    /// Handles what happened to a connection.
    pub(crate) fn handle_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()> {
        ctx.mark_fields_changed()?;
        if !self.run.connection.is_current(&event.tag) {
            return self.handle_stray(ctx, &event);
        }
        match event.kind {
            WsEventKind::Opened { .. } => self.authenticate(ctx),
            WsEventKind::Frame { text, .. } => self.on_frame(ctx, &text),
            WsEventKind::Written { .. } => Ok(()),
            WsEventKind::Closed {
                code,
                reason,
                class,
                ..
            } => self.on_closed(ctx, code, class, &reason),
        }
    }

    /// A connection of an instance that is gone, or one that was given up. A job that comes on it is a job all the same.
    fn handle_stray(&mut self, ctx: &mut Context<'_>, event: &WsEvent) -> Result<()> {
        match &event.kind {
            WsEventKind::Closed { .. } => return Ok(()),
            WsEventKind::Frame { text, .. } => self.on_stray_frame(ctx, text)?,
            WsEventKind::Opened { .. } | WsEventKind::Written { .. } => {}
        }
        ctx.ws_close(&event.tag, connect::CLOSE_NORMAL, "another one is used")
    }

    /// Handles a timer. One of an instance that is gone may still be due, and finds nothing to do.
    pub(crate) fn handle_timer(&mut self, ctx: &mut Context<'_>, tag: &str) -> Result<()> {
        ctx.mark_fields_changed()?;
        match tag {
            CONNECT_TIMER => self.on_connect_timer(ctx),
            ANSWER_TIMER => self.on_answer_timer(ctx),
            HEARTBEAT_TIMER => self.on_heartbeat_timer(ctx),
            SEND_TIMER => self.send_next(ctx),
            _ => Ok(()),
        }
    }
}
