//! The edge: what the state machines decide becomes calls to the host.

mod groups;
mod holders;
mod jobs;
mod links;
mod messages;
mod receipts;
mod start;

use tig_plugin_api::prelude::*;

pub(crate) use self::start::START;
use crate::Miners;
use crate::link::ConnectionEnd;

/// Timers of links begin so, those of groups like [`GROUP_TIMER`].
pub(crate) const LINK_TIMER: &str = "link ";
/// Timer of frames that wait for room.
pub(crate) const BACKLOG: &str = "backlog";
/// See [`LINK_TIMER`].
pub(crate) const GROUP_TIMER: &str = "group ";

impl Miners {
    /// Handles what happened to a connection. Of those that are being closed, nothing counts but their end.
    pub(crate) fn handle_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()> {
        self.state.outflow.begin_handler();
        let tag = event.tag.as_str();
        let is_end = matches!(event.kind, WsEventKind::Closed { .. });
        if self.state.links.is_closing(tag) && !is_end {
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        if self.state.links.hotkey_of(tag).is_none() && !is_end {
            return self.close_stray(ctx, tag);
        }
        match event.kind {
            WsEventKind::Opened { .. } => self.on_opened(ctx, tag),
            WsEventKind::Frame { text, at_us } => self.on_frame(ctx, tag, &text, at_us),
            WsEventKind::Written { frame, at_us } => self.on_written(ctx, frame, at_us),
            WsEventKind::Closed {
                code,
                reason,
                class,
                unsent,
            } => {
                let end = ConnectionEnd {
                    class,
                    code,
                    reason,
                    unsent,
                };
                self.on_closed(ctx, tag, &end)
            }
        }
    }

    /// Handles a timer. One of an instance that is gone may still be due, and finds nothing to do.
    pub(crate) fn handle_timer(&mut self, ctx: &mut Context<'_>, tag: &str) -> Result<()> {
        self.state.outflow.begin_handler();
        if tag == START {
            self.on_start(ctx)
        } else if tag == BACKLOG {
            ctx.mark_fields_changed()?;
            self.send_backlog(ctx, None)
        } else if let Some(hotkey) = tag.strip_prefix(LINK_TIMER) {
            self.on_link_timer(ctx, hotkey)
        } else if let Some(Ok(number)) = tag.strip_prefix(GROUP_TIMER).map(str::parse) {
            self.on_group_timer(ctx, number)
        } else {
            Ok(())
        }
    }
}

/// Sets the timer of a link, or cancels it if nothing is due.
fn set_link_timer(ctx: &mut Context<'_>, hotkey: &str, due_ms: Option<u64>) -> Result<()> {
    let timer = format!("{LINK_TIMER}{hotkey}");
    match due_ms {
        Some(due_ms) => ctx.at(&timer, due_ms),
        None => ctx.cancel(&timer),
    }
}
