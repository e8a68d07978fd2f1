//! What a handler asks of timers, connections, keys and commands.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tig_plugin_api::{Finish, TAG_BYTES_MAX, Ticket, WsClose, WsOpen};

use super::Transaction;
use crate::runtime::commands::CommandReport;
use crate::runtime::host_call_error::{HANDLER_REPORTS_MAX, HostCallError};
use crate::runtime::service_effect::ServiceEffect;
use crate::runtime::sockets::{
    CLOSE_REASON_BYTES_MAX, Frame, SOCKETS_MAX, SocketAction, UNSENT_BYTES_MAX,
};
use crate::runtime::timers::TIMERS_MAX;

impl Transaction<'_> {
    pub(super) fn set_timer(&mut self, tag: &str, unix_ms: u64) -> Result<(), HostCallError> {
        check_tag(tag)?;
        // Counted as if each were new: the bound is for extensions that never stop setting timers.
        let set = self.services.timers.count(&self.extension.mailbox);
        if set.saturating_add(self.timers) >= TIMERS_MAX {
            return Err(HostCallError::TooManyTimers);
        }
        self.timers += 1;
        self.push_service(ServiceEffect::SetTimer {
            tag: tag.into(),
            unix_ms,
        })
    }

    pub(super) fn cancel_timer(&mut self, tag: &str) -> Result<(), HostCallError> {
        check_tag(tag)?;
        self.push_service(ServiceEffect::CancelTimer { tag: tag.into() })
    }

    pub(super) fn public_key(&self, name: &str) -> Result<Vec<u8>, HostCallError> {
        let keys = &self.services.keys;
        Ok(keys.public_key(&self.extension.name, name)?)
    }

    pub(super) fn sign(&mut self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, HostCallError> {
        let keys = &self.services.keys;
        if let Some(trace) = &mut self.trace
            && keys.has_secret_codes(name)
        {
            trace.cover_answer();
        }
        Ok(keys.sign(&self.extension.name, name, bytes)?)
    }

    pub(super) fn open_socket(&mut self, open: Box<WsOpen>) -> Result<(), HostCallError> {
        check_tag(&open.tag)?;
        if self.has_tag(&open.tag) {
            if self.is_redelivery {
                // The new version has opened it before the rollback; the connection lives on.
                return Ok(());
            }
            return Err(HostCallError::TakenTag(open.tag));
        }
        let count = self.extension.sockets.tags.count() + self.opened.len();
        if count >= SOCKETS_MAX {
            return Err(HostCallError::TooManySockets);
        }
        self.opened.insert(open.tag.clone());
        self.push_service(ServiceEffect::Socket(SocketAction::Open(open)))
    }

    pub(super) fn send_frame(
        &mut self,
        tag: &str,
        text: &str,
        number: Option<u64>,
    ) -> Result<(), HostCallError> {
        let unsent = self.extension.sockets.tags.unsent(tag);
        if unsent.is_none() && !self.opened.contains(tag) {
            if self.is_redelivery {
                // The connection has ended under the new version.
                return Ok(());
            }
            return Err(HostCallError::UnknownTag(tag.to_owned()));
        }
        let waiting = unsent.map_or(0, |unsent| unsent.bytes());
        // Frames of this handler are bounded by the bytes of all its effects.
        if waiting.saturating_add(text.len()) > UNSENT_BYTES_MAX {
            return Err(HostCallError::TooMuchUnsent(tag.to_owned()));
        }
        self.push_service(ServiceEffect::Socket(SocketAction::Send(Frame {
            tag: tag.into(),
            text: text.into(),
            number,
        })))
    }

    pub(super) fn close_socket(&mut self, tag: &str, close: WsClose) -> Result<(), HostCallError> {
        if !self.has_tag(tag) {
            if self.is_redelivery {
                return Ok(());
            }
            return Err(HostCallError::UnknownTag(tag.to_owned()));
        }
        // Codes that stand for something else than a close frame are never sent in one.
        if !matches!(close.code, 1000..=1003 | 1007..=1013 | 3000..=4999) {
            return Err(HostCallError::CloseCode(close.code));
        }
        if close.reason.len() > CLOSE_REASON_BYTES_MAX {
            return Err(HostCallError::LongReason(close.reason.len()));
        }
        let action = SocketAction::Close(tag.into(), close);
        self.push_service(ServiceEffect::Socket(action))
    }

    pub(super) fn show_progress(
        &mut self,
        ticket: Ticket,
        text: &str,
    ) -> Result<(), HostCallError> {
        self.report(ticket, CommandReport::Progress(text.to_owned()))
    }

    pub(super) fn finish_command(
        &mut self,
        finish: Finish,
        value: &[u8],
    ) -> Result<(), HostCallError> {
        serde_json::from_slice::<IgnoredAny>(value).map_err(HostCallError::CommandValue)?;
        let report = CommandReport::Finished {
            code: finish.code,
            value: Arc::from(value),
        };
        self.report(finish.ticket, report)
    }

    fn report(&mut self, ticket: Ticket, report: CommandReport) -> Result<(), HostCallError> {
        if self.reports >= HANDLER_REPORTS_MAX {
            return Err(HostCallError::TooManyReports);
        }
        self.reports += 1;
        self.push_service(ServiceEffect::Command(ticket, report))
    }

    /// Whether the extension has a connection of this tag, or this handler has asked for one.
    fn has_tag(&self, tag: &str) -> bool {
        self.opened.contains(tag) || self.extension.sockets.tags.unsent(tag).is_some()
    }

    fn push_service(&mut self, effect: ServiceEffect) -> Result<(), HostCallError> {
        self.count_bytes(effect.bytes())?;
        self.effects.services.push(effect);
        Ok(())
    }
}

fn check_tag(tag: &str) -> Result<(), HostCallError> {
    if tag.len() > TAG_BYTES_MAX {
        return Err(HostCallError::LongTag(tag.len()));
    }
    Ok(())
}
