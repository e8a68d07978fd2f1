//! Drives an extension without a host: no network, no disk, no sleep.
//!
//! ```
//! # use tig_plugin_api::{prelude::*, testing::Harness};
//! # struct Echo;
//! # #[extension]
//! # impl Echo {
//! #     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> { Ok(Self) }
//! #     fn on_ping(&mut self, ctx: &mut Context<'_>, n: u64) -> Result<()> { ctx.emit_json("pong", &n) }
//! # }
//! # fn main() {
//! let mut echo = Harness::<Echo>::start(serde_json::json!({ "name": "echo" }));
//! echo.event("ping", serde_json::json!(7));
//! assert_eq!(echo.emitted(), [("pong".to_owned(), serde_json::json!(7))]);
//! # }
//! ```

mod commands;
mod example;
mod failure;
mod host;
mod keys;
mod sockets;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::example::check_example_config;
pub use self::failure::check_failed_handlers;
use self::host::TestHost;
pub use self::keys::TestKey;
pub use self::sockets::SentFrame;
#[cfg(doc)]
use crate::Context;
use crate::abi::event;
use crate::{
    Condition, Extension, HttpAnswer, HttpCall, HttpFailure, HttpFailureKind, HttpReply,
    HttpRequest, HttpResponse, RateLimit, Result, Sample, Settings, Started, Ticket, Turn, WsClose,
    WsCloseClass, WsEvent, WsEventKind, WsOpen,
};

/// An extension with a host of its own. Every handler is a transaction here too: an instance whose handler fails after
/// it has asked for effects is restored from storage.
///
/// Functions whose name begins with `try_` return the handler's error; the others panic with it.
pub struct Harness<E> {
    extension: E,
    settings: Settings,
    host: TestHost,
    restores: u64,
}

impl<E: Extension> Harness<E> {
    /// Creates an instance from the JSON of its [`Settings`].
    ///
    /// # Panics
    ///
    /// The settings do not decode or `new` fails.
    #[must_use]
    pub fn start(settings: Value) -> Self {
        Self::try_start(settings).unwrap_or_else(|error| panic!("new: {error}"))
    }

    /// Creates an instance from the JSON of its [`Settings`].
    ///
    /// # Errors
    ///
    /// The settings do not decode or `new` fails.
    pub fn try_start(settings: Value) -> Result<Self> {
        Self::start_with_keys(settings, Vec::new())
    }

    /// Creates an instance from the JSON of its [`Settings`], for which the host has these keys.
    ///
    /// # Errors
    ///
    /// As for [`Harness::try_start`].
    pub fn start_with_keys(settings: Value, keys: Vec<TestKey>) -> Result<Self> {
        let settings: Settings = serde_json::from_value(settings)?;
        let mut host = TestHost::new();
        host.keys = keys
            .into_iter()
            .map(|key| (key.name.clone(), key))
            .collect();
        let extension = host.transaction(&settings, |ctx| E::create(&settings, ctx))?;
        Ok(Self {
            extension,
            settings,
            host,
            restores: 0,
        })
    }

    /// Restarts the instance from storage, as the host does after a panic: timers and connections live on.
    ///
    /// # Panics
    ///
    /// `new` fails.
    pub fn restart(&mut self) {
        let settings = &self.settings;
        self.host.unfinished = 0;
        let made = self
            .host
            .transaction(settings, |ctx| E::create(settings, ctx));
        self.extension = made.unwrap_or_else(|error| panic!("new: {error}"));
    }

    /// Starts the host again after it was killed: what is stored is left, and neither timers nor connections are.
    ///
    /// # Panics
    ///
    /// `new` fails.
    pub fn kill(&mut self) {
        self.host.forget();
        self.restart();
    }

    /// Replaces the instance and hands the old one's state over, as the host does at a reload.
    ///
    /// # Panics
    ///
    /// `snapshot`, `new` or `restore` fails.
    pub fn reload(&mut self) {
        self.try_reload()
            .unwrap_or_else(|error| panic!("reload: {error}"));
    }

    /// Replaces the instance and hands the old one's state over, as the host does at a reload.
    ///
    /// # Errors
    ///
    /// `snapshot`, `new` or `restore` fails; then the present instance stays.
    pub fn try_reload(&mut self) -> Result<()> {
        let state = self.extension.snapshot()?;
        self.succeed(state.as_deref())
    }

    /// Replaces the instance by one with the state of another version of the plugin: to test `migrate`.
    ///
    /// # Errors
    ///
    /// `new`, `migrate` or `restore` fails; then the present instance stays.
    pub fn succeed_to(&mut self, state_version: u32, state: &Value) -> Result<()> {
        let state = crate::extension::encode_state(state_version, state)?;
        self.succeed(state.as_deref())
    }

    fn succeed(&mut self, state: Option<&[u8]>) -> Result<()> {
        let settings = &self.settings;
        self.extension = self.host.transaction(settings, |ctx| {
            let mut extension = E::create(settings, ctx)?;
            if let Some(state) = state {
                extension.restore(ctx, state)?;
            }
            Ok(extension)
        })?;
        Ok(())
    }

    /// Delivers an event to its handler.
    ///
    /// # Panics
    ///
    /// The handler fails.
    pub fn event(&mut self, name: &str, arguments: Value) {
        self.try_event(name, arguments)
            .unwrap_or_else(|error| panic!("on_{name}: {error}"));
    }

    /// Delivers an event to its handler.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    pub fn try_event(&mut self, name: &str, arguments: Value) -> Result<()> {
        self.handle(name, &serde_json::to_vec(&arguments)?)
    }

    /// Delivers the event `update`.
    ///
    /// # Panics
    ///
    /// The handler fails.
    pub fn update(&mut self) {
        self.event("update", Value::Object(serde_json::Map::new()));
    }

    /// Responds to the oldest open request with this tag.
    ///
    /// # Panics
    ///
    /// There is no such request, or the handler fails.
    pub fn respond(&mut self, tag: &str, status: u16, body: impl Into<Vec<u8>>) {
        self.try_respond(tag, status, body)
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Responds to the oldest open request with this tag, and closes it.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    ///
    /// # Panics
    ///
    /// There is no such request.
    pub fn try_respond(&mut self, tag: &str, status: u16, body: impl Into<Vec<u8>>) -> Result<()> {
        self.finish(tag, Ok(HttpAnswer::new(status, body)))
    }

    /// Like [`Harness::respond`], with headers; a host leaves out what [`HttpAnswer::with_headers`] leaves out.
    ///
    /// # Panics
    ///
    /// As for [`Harness::respond`].
    pub fn respond_with_headers(
        &mut self,
        tag: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        let answer = HttpAnswer::new(status, body).with_headers(headers);
        self.finish(tag, Ok(answer))
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Lets the oldest open request with this tag fail.
    ///
    /// # Panics
    ///
    /// There is no such request, or the handler fails.
    pub fn fail(&mut self, tag: &str, kind: HttpFailureKind) {
        self.try_fail(tag, kind)
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Fails the oldest open request with this tag by the rate limiter.
    ///
    /// # Panics
    ///
    /// As for [`Harness::fail`].
    pub fn limit(&mut self, tag: &str, rate_limit: RateLimit) {
        let failure = HttpFailure {
            rate_limit: Some(rate_limit),
            ..HttpFailure::new(HttpFailureKind::RateLimited, "limited by the test")
        };
        self.finish(tag, Err(failure))
            .unwrap_or_else(|error| panic!("on_http_response: {error}"));
    }

    /// Fails the oldest open request with this tag, and closes it.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    ///
    /// # Panics
    ///
    /// There is no such request.
    pub fn try_fail(&mut self, tag: &str, kind: HttpFailureKind) -> Result<()> {
        self.finish(tag, Err(HttpFailure::new(kind, "made by the test")))
    }

    /// Fails the `k`-th of the calls from now on that a host may refuse: events, HTTP requests, wakes, and all that
    /// concerns the storage. `k` counts from 1, across handlers; 0 fails none.
    pub fn fail_call(&mut self, k: u64) {
        self.host.fails_in = Some(k).filter(|k| *k > 0);
    }

    /// Number of instances restored from storage after a handler had asked for effects and failed.
    #[must_use]
    pub fn restores(&self) -> u64 {
        self.restores
    }

    /// Calls a route.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Result<HttpReply> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = HttpRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            peer: "127.0.0.1:50000".to_owned(),
            body: body.into(),
        };
        let extension = &mut self.extension;
        let handled = self
            .host
            .transaction(&self.settings, |ctx| extension.request(ctx, request));
        self.restore_failed(handled)
    }

    /// The events emitted since the last call, in order.
    pub fn emitted(&mut self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.host.emitted)
    }

    /// Number of parked requests that were woken since the last call ([`Context::wake`]).
    pub fn woken(&mut self) -> u64 {
        std::mem::take(&mut self.host.woken)
    }

    /// Number of unfinished pieces of work that the extension has reported ([`Context::unfinished`]).
    #[must_use]
    pub fn unfinished(&self) -> u64 {
        self.host.unfinished
    }

    /// Value of the counter or gauge of this name and these labels, if there is one.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let key = (name.to_owned(), Sample::new(labels, 0.0).labels);
        self.host.metrics.get(&key).copied()
    }

    /// What the extension has reported of its state ([`Context::set_conditions`]).
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.host.conditions
    }

    /// The requests that wait for an answer, in order.
    #[must_use]
    pub fn http_calls(&self) -> &[HttpCall] {
        &self.host.calls
    }

    /// How each of [`Harness::http_calls`] waits for its turn.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        &self.host.turns
    }

    /// Level and text of what was logged since the last call, with fields as `name=value` behind the message, values as JSON.
    pub fn logs(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.host.logs)
    }

    /// What is stored, by key.
    #[must_use]
    pub fn stored(&self) -> BTreeMap<String, Value> {
        let value = |bytes: &[u8]| serde_json::from_slice(bytes).unwrap_or(Value::Null);
        self.host
            .stored
            .iter()
            .map(|(key, bytes)| (key.clone(), value(bytes)))
            .collect()
    }

    /// Puts bytes into the storage, such as a damaged record for a [`Harness::restart`] to find.
    pub fn store(&mut self, key: &str, bytes: impl Into<Vec<u8>>) {
        self.host.stored.insert(key.to_owned(), bytes.into());
    }

    /// Puts the clock forward. Timers that become due meanwhile are handled, each at its time.
    ///
    /// # Panics
    ///
    /// A handler of a timer fails.
    pub fn advance_ms(&mut self, milliseconds: u64) {
        self.try_advance_ms(milliseconds)
            .unwrap_or_else(|error| panic!("on_timer: {error}"));
    }

    /// Puts the clock forward. Timers that become due meanwhile are handled, each at its time.
    ///
    /// # Errors
    ///
    /// A handler of a timer fails; then its timer is gone, the clock stands at its time, and later timers are not handled yet.
    pub fn try_advance_ms(&mut self, milliseconds: u64) -> Result<()> {
        let end = self.host.now_ms + milliseconds;
        while self.next_timer().is_some_and(|(at, _)| at <= end) {
            self.try_next_timer()?;
        }
        self.host.now_ms = end;
        Ok(())
    }

    /// Puts the clock forward to the next timer, if one is set, and handles that one alone: for steps of one handler each, as
    /// [`check_failed_handlers`] needs them.
    ///
    /// # Errors
    ///
    /// Its handler fails; then the timer is gone.
    pub fn try_next_timer(&mut self) -> Result<()> {
        let Some((at, tag)) = self.next_timer() else {
            return Ok(());
        };
        self.host.timers.remove(&tag);
        self.host.now_ms = self.host.now_ms.max(at);
        self.handle(event::TIMER, tag.as_bytes())
    }

    fn next_timer(&self) -> Option<(u64, String)> {
        let timers = self.host.timers.iter();
        timers.map(|(tag, at)| (*at, tag.clone())).min()
    }

    /// The timers that are set: Unix milliseconds by tag.
    #[must_use]
    pub fn timers(&self) -> &BTreeMap<String, u64> {
        &self.host.timers
    }

    /// The connections that the extension has opened and not seen closed.
    #[must_use]
    pub fn ws_connections(&self) -> &[WsOpen] {
        self.host.sockets.connections()
    }

    /// The connections that the extension has asked to open since the last call, in order.
    pub fn ws_opened(&mut self) -> Vec<WsOpen> {
        self.host.sockets.take_opened()
    }

    /// The frames that the extension has sent since the last call, in order.
    pub fn ws_sent(&mut self) -> Vec<SentFrame> {
        self.host.sockets.take_sent()
    }

    /// Tags of the connections that the extension has asked to close since the last call, in order, and how.
    pub fn ws_closed(&mut self) -> Vec<(String, WsClose)> {
        self.host.sockets.take_closed()
    }

    /// Delivers what happened to a connection.
    ///
    /// # Errors
    ///
    /// The handler fails; none of its effects is kept.
    ///
    /// # Panics
    ///
    /// The extension has no connection of this tag.
    pub fn try_ws(&mut self, tag: &str, kind: WsEventKind) -> Result<()> {
        assert!(self.host.sockets.is_open(tag), "no connection `{tag}`");
        if matches!(kind, WsEventKind::Closed { .. }) {
            self.host.sockets.end(tag);
        }
        let tag = tag.to_owned();
        self.handle(event::WS, &WsEvent { tag, kind }.encode()?)
    }

    /// Completes the handshake of a connection, now.
    ///
    /// # Panics
    ///
    /// The extension has no connection of this tag, or the handler fails.
    pub fn ws_accept(&mut self, tag: &str) {
        let at_us = self.now_us();
        self.ws(tag, WsEventKind::Opened { at_us });
    }

    /// Delivers a frame of the peer, read now.
    ///
    /// # Panics
    ///
    /// As for [`Harness::ws_accept`].
    pub fn ws_frame(&mut self, tag: &str, text: &str) {
        let at_us = self.now_us();
        let text = text.to_owned();
        self.ws(tag, WsEventKind::Frame { text, at_us });
    }

    /// Reports that the kernel has a frame, now.
    ///
    /// # Panics
    ///
    /// As for [`Harness::ws_accept`].
    pub fn ws_written(&mut self, tag: &str, frame: u64) {
        let at_us = self.now_us();
        self.ws(tag, WsEventKind::Written { frame, at_us });
    }

    /// Ends a connection.
    ///
    /// # Panics
    ///
    /// As for [`Harness::ws_accept`].
    pub fn ws_end(&mut self, tag: &str, class: WsCloseClass) {
        let closed = WsEventKind::Closed {
            code: None,
            reason: "made by the test".to_owned(),
            class,
            unsent: 0,
        };
        self.ws(tag, closed);
    }

    fn ws(&mut self, tag: &str, kind: WsEventKind) {
        self.try_ws(tag, kind)
            .unwrap_or_else(|error| panic!("on_ws: {error}"));
    }

    fn now_us(&self) -> u64 {
        self.host.now_ms * 1000
    }

    /// Calls a command.
    ///
    /// # Errors
    ///
    /// The extension has no such command, the arguments do not decode, or the handler fails; none of its effects is kept.
    pub fn command(&mut self, name: &str, arguments: &Value) -> Result<Ticket> {
        let arguments = serde_json::to_vec(arguments)?;
        let ticket = self.host.commands.next_ticket();
        let (extension, settings) = (&mut self.extension, &self.settings);
        let handled = self.host.transaction_of(ticket, settings, |ctx| {
            extension.command(ctx, name, &arguments)
        });
        self.restore_failed(handled).map(|Started| ticket)
    }

    /// What was said of commands since the last call, in order.
    pub fn progress(&mut self) -> Vec<(Ticket, String)> {
        std::mem::take(&mut self.host.commands.progress)
    }

    /// Code and value with which a command has ended, if it has.
    #[must_use]
    pub fn finished(&self, ticket: Ticket) -> Option<(u8, &Value)> {
        let mut finished = self.host.commands.finished.iter();
        let found = finished.find(|(of, _, _)| *of == ticket);
        found.map(|(_, code, value)| (*code, value))
    }

    /// The time by the harness's clock, in milliseconds since the Unix epoch.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.host.now_ms
    }

    /// Sets the clock back, as may have happened between two runs of a host.
    pub fn set_back_ms(&mut self, milliseconds: u64) {
        self.host.now_ms = self.host.now_ms.saturating_sub(milliseconds);
    }

    /// The instance, to look into it.
    #[must_use]
    pub fn extension(&self) -> &E {
        &self.extension
    }

    fn handle(&mut self, name: &str, payload: &[u8]) -> Result<()> {
        let extension = &mut self.extension;
        let handled = self
            .host
            .transaction(&self.settings, |ctx| extension.handle(ctx, name, payload));
        self.restore_failed(handled)
    }

    fn restore_failed<T>(&mut self, handled: Result<T>) -> Result<T> {
        if handled.is_err() && self.host.has_asked() {
            self.restores += 1;
            self.restart();
        }
        handled
    }

    fn finish(
        &mut self,
        tag: &str,
        result: std::result::Result<HttpAnswer, HttpFailure>,
    ) -> Result<()> {
        let open = self.host.calls.iter().position(|call| call.tag == tag);
        let index = open.unwrap_or_else(|| panic!("no open request `{tag}`"));
        self.host.calls.remove(index);
        self.host.turns.remove(index);
        let response = HttpResponse {
            tag: tag.to_owned(),
            result,
        };
        self.handle("http_response", &response.encode()?)
    }
}
