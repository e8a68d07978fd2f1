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

mod failure;
mod host;

use std::collections::BTreeMap;

use serde_json::Value;

pub use self::failure::check_failed_handlers;
use self::host::TestHost;
#[cfg(doc)]
use crate::Context;
use crate::{
    Extension, HttpAnswer, HttpCall, HttpFailure, HttpFailureKind, HttpReply, HttpRequest,
    HttpResponse, RateLimit, Result, Sample, Settings, Turn,
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
        let settings: Settings = serde_json::from_value(settings)?;
        let mut host = TestHost::new();
        let extension = host.transaction(&settings, |ctx| E::create(&settings, ctx))?;
        Ok(Self {
            extension,
            settings,
            host,
            restores: 0,
        })
    }

    /// Restarts the instance from storage, as the host does after a crash or a panic.
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
        let body = body.into();
        self.finish(tag, Ok(HttpAnswer { status, body }))
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

    /// Puts the clock forward.
    pub fn advance_ms(&mut self, milliseconds: u64) {
        self.host.now_ms += milliseconds;
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
