//! Opening, authenticating, keeping and losing the connection.

use horde_events::quote;
use horde_extension::record_start;
use horde_proto::facilitator::{
    AuthenticationRequest, Heartbeat, RUNNER_VERSION_HEADER, Response, ResponseError,
    ResponseStatus, ToFacilitator, VERSION_HEADER,
};
use tig_plugin_api::prelude::*;

use super::{ANSWER_TIMER, CONNECT_TIMER, HEARTBEAT_TIMER};
use crate::Facilitator;
use crate::config::Config;
use crate::connection::{State, is_refusal};
use crate::store::COMMAND;

/// Code with which connections are closed.
pub(super) const CLOSE_NORMAL: u16 = 1000;
/// Time for the facilitator's answer to what was sent, in milliseconds (section 10.10).
pub(super) const ANSWER_MS: u64 = 10_000;
/// Time between heartbeats, in milliseconds (section 2.6). The facilitator drops a validator after 10 minutes without one.
const HEARTBEAT_MS: u64 = 60_000;
/// Version of this validator.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Exit code of `connect_facilitator` if the attempt has failed.
const NOT_CONNECTED: u8 = 20;

impl Facilitator {
    /// The command `connect_facilitator`.
    pub(crate) fn connect_now(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        if self.command.is_some() {
            bail!("another call waits for the end of this attempt to connect");
        }
        ctx.mark_fields_changed()?;
        let ticket = ctx.ticket();
        ctx.put(COMMAND, &ticket)?;
        self.command = Some(ticket);
        match self.run.connection.state() {
            State::Up => self.finish_command(ctx, 0)?,
            State::Pausing { .. } => self.open(ctx)?,
            State::Connecting | State::Authenticating => {}
        }
        Ok(Started)
    }

    /// The end of a pause.
    pub(super) fn on_connect_timer(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        record_start(ctx)?;
        let now_ms = ctx.now_ms();
        match self.run.connection.state() {
            State::Pausing { until_ms } if until_ms <= now_ms => self.open(ctx),
            // The start of a successor has moved the timer.
            State::Pausing { until_ms } => ctx.at(CONNECT_TIMER, until_ms),
            _ => Ok(()),
        }
    }

    /// Opens another connection if the present one, or the last one, was opened with other options than those of the config. The
    /// statuses are stored, and are sent on the new one.
    pub(crate) fn follow_config(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let connection = &self.run.connection;
        if self.run.opened_with.is_empty() {
            // By an earlier version, which has not said with what: with the present options, to keep the connection.
            self.run.opened_with = self.options();
        }
        if !connection.was_opened() || self.run.opened_with == self.options() {
            return Ok(());
        }
        ctx.info_with(
            "facilitator: the config has changed, so another connection is opened",
            &[("uri", &self.config.uri)],
        );
        if !matches!(connection.state(), State::Pausing { .. }) {
            ctx.ws_close(&connection.tag(), CLOSE_NORMAL, "another one is used")?;
            let now_ms = ctx.now_ms();
            self.run.queue.lose_connection(now_ms);
            self.run.answer_by_ms = None;
        }
        self.run.connection.renew();
        self.open(ctx)
    }

    /// All that connections depend on, to be compared: the hotkey that they authenticate, and how they are opened. No secret.
    fn options(&self) -> String {
        let Config {
            key: _,
            uri,
            allow_plain,
            frame_bytes_max,
            ping_every_ms,
            silent_ms_max,
            connect_ms,
        } = &self.config;
        let address = self.hotkey.address();
        format!(
            "{address} {uri} {allow_plain} {frame_bytes_max} {ping_every_ms} {silent_ms_max} {connect_ms}"
        )
    }

    fn open(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        self.run.connection.open(now_ms);
        self.run.opened_with = self.options();
        let header = |name: &str| (name.to_owned(), VERSION.to_owned());
        ctx.ws_open(&WsOpen {
            tag: self.run.connection.tag(),
            url: self.config.uri.clone(),
            headers: vec![header(RUNNER_VERSION_HEADER), header(VERSION_HEADER)],
            frame_bytes_max: self.config.frame_bytes_max,
            ping_every_ms: self.config.ping_every_ms,
            silent_ms_max: self.config.silent_ms_max,
            connect_ms: self.config.connect_ms,
        })?;
        if let Some(ticket) = self.command {
            ctx.progress(ticket, &format!("connecting to {}", self.config.uri))?;
        }
        Ok(())
    }

    /// Sends the first frame. Its signature is valid for ever (weakness 31), so no log may have it.
    pub(super) fn authenticate(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let public_key = *self.hotkey.public();
        let signature = self.hotkey.sign(ctx, public_key.as_bytes())?;
        let request = ToFacilitator::Authentication(AuthenticationRequest {
            public_key: public_key.to_hex(),
            signature: signature.to_string().into(),
        });
        let now_ms = ctx.now_ms();
        ctx.ws_send(&self.run.connection.tag(), &request.to_text())?;
        self.run.connection.authenticate(now_ms);
        self.await_answer(ctx)
    }

    /// The answer to the authentication.
    pub(super) fn on_authenticated(
        &mut self,
        ctx: &mut Context<'_>,
        response: &Response,
    ) -> Result<()> {
        let is_known = |error: &ResponseError| error.kind == ResponseError::ALREADY_AUTHENTICATED;
        if response.status == ResponseStatus::Error && !response.errors.iter().any(is_known) {
            return self.end_refused(ctx, response);
        }
        let now_ms = ctx.now_ms();
        self.run.connection.come_up(now_ms);
        self.run.answer_by_ms = None;
        ctx.info_with("facilitator: connected", &[("uri", &self.config.uri)]);
        self.run.heartbeat_ms = now_ms + HEARTBEAT_MS;
        ctx.at(HEARTBEAT_TIMER, self.run.heartbeat_ms)?;
        self.finish_command(ctx, 0)?;
        self.send_next(ctx)
    }

    /// Ends a connection on which the facilitator does not take this validator for authenticated.
    pub(super) fn end_refused(&mut self, ctx: &mut Context<'_>, response: &Response) -> Result<()> {
        let reason = format!(
            "the facilitator refuses this validator: {}",
            error_text(response)
        );
        ctx.error_with(
            "facilitator: not authenticated; is the hotkey one of an active validator that the facilitator knows?",
            &[("answer", &error_text(response))],
        );
        self.end(ctx, true, reason)
    }

    pub(super) fn on_heartbeat_timer(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if !self.run.connection.is_up() || self.run.heartbeat_ms > now_ms {
            return Ok(());
        }
        let heartbeat = ToFacilitator::Heartbeat(Heartbeat {});
        ctx.ws_send(&self.run.connection.tag(), &heartbeat.to_text())?;
        self.run.heartbeat_ms = now_ms + HEARTBEAT_MS;
        ctx.at(HEARTBEAT_TIMER, self.run.heartbeat_ms)
    }

    /// Something was sent that the facilitator answers.
    pub(super) fn await_answer(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let answer_by_ms = ctx.now_ms() + ANSWER_MS;
        self.run.answer_by_ms = Some(answer_by_ms);
        ctx.at(ANSWER_TIMER, answer_by_ms)
    }

    /// An answer did not come. Another frame on this connection could be taken for answered by it later, so a new one is opened.
    pub(super) fn on_answer_timer(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if self.run.answer_by_ms.is_none_or(|by_ms| by_ms > now_ms) {
            return Ok(());
        }
        let seconds = ANSWER_MS / 1_000;
        self.end(
            ctx,
            false,
            format!("the facilitator did not answer within {seconds} s"),
        )
    }

    /// Closes the connection.
    fn end(&mut self, ctx: &mut Context<'_>, is_refused: bool, reason: String) -> Result<()> {
        ctx.ws_close(&self.run.connection.tag(), CLOSE_NORMAL, "")?;
        self.lose(ctx, is_refused, reason)
    }

    /// The connection has ended or did not come about.
    pub(super) fn on_closed(
        &mut self,
        ctx: &mut Context<'_>,
        code: Option<u16>,
        class: WsCloseClass,
        reason: &str,
    ) -> Result<()> {
        self.lose(ctx, is_refusal(code), close_reason(code, class, reason))
    }

    fn lose(&mut self, ctx: &mut Context<'_>, is_refused: bool, reason: String) -> Result<()> {
        let (now_ms, draw) = (ctx.now_ms(), ctx.random_unit());
        let state = self.run.connection.state().name();
        // One that is down for a day is worth one line.
        let connection = &self.run.connection;
        let is_known = !connection.is_up() && connection.last_error.as_ref() == Some(&reason);
        let until_ms = self
            .run
            .connection
            .lose(now_ms, is_refused, reason.clone(), draw);
        self.run.queue.lose_connection(now_ms);
        self.run.answer_by_ms = None;
        ctx.at(CONNECT_TIMER, until_ms)?;
        ctx.count("connections_lost", &[("state", state)], 1);
        let fields: &LogFields<'_> = &[
            ("state", &state),
            ("reason", &reason),
            ("pause_ms", &until_ms.saturating_sub(now_ms)),
            ("statuses", &self.run.queue.len()),
        ];
        match is_known {
            true => ctx.debug_with("facilitator: still no connection", fields),
            false => ctx.warn_with("facilitator: connection lost", fields),
        }
        self.finish_command(ctx, NOT_CONNECTED)
    }

    /// Ends the call of `connect_facilitator` that waits, if one does.
    fn finish_command(&mut self, ctx: &mut Context<'_>, code: u8) -> Result<()> {
        let Some(ticket) = self.command.take() else {
            return Ok(());
        };
        ctx.delete(COMMAND)?;
        let report = self.report(ctx);
        ctx.finish(ticket, code, &report)
    }
}

/// The errors of an answer for a log.
pub(super) fn error_text(response: &Response) -> String {
    let Some(error) = response.errors.first() else {
        return "an error without a reason".to_owned();
    };
    let more = match response.errors.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    format!("{}: {}{more}", quote(&error.kind), quote(&error.msg))
}

/// Why a connection has ended, for operators.
fn close_reason(code: Option<u16>, class: WsCloseClass, reason: &str) -> String {
    let meaning = match class {
        WsCloseClass::Connect => "no connection to the facilitator",
        WsCloseClass::Tls => "no TLS connection to the facilitator",
        WsCloseClass::Handshake => "the URI leads to something else than a facilitator's websocket",
        WsCloseClass::Timeout => "the facilitator did not complete the handshake in time",
        WsCloseClass::Peer => "the facilitator has closed the connection",
        WsCloseClass::Local => "the validator has closed the connection",
        WsCloseClass::Silent => "the facilitator has been silent for too long",
        WsCloseClass::TooLarge => "the facilitator has sent a frame that is too long",
        WsCloseClass::Protocol => "the facilitator has broken the websocket protocol",
        WsCloseClass::Broken => "the connection to the facilitator broke",
    };
    let code = code.map_or(String::new(), |code| format!(" (code {code})"));
    match reason {
        "" => format!("{meaning}{code}"),
        reason => format!("{meaning}{code}: {}", quote(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_reason_names_code_and_cause() {
        let closed = close_reason(Some(3001), WsCloseClass::Peer, "a\0");
        let expected = r#"the facilitator has closed the connection (code 3001): "a\0""#;
        assert_eq!(closed, expected);
        let silent = close_reason(None, WsCloseClass::Silent, "");
        assert_eq!(silent, "the facilitator has been silent for too long");
    }
}
