//! Drives an extension without a host: no network, no disk, no sleep.
//!
//! A [`Harness`] holds one instance and plays its host. Every handler is a transaction, the clock stands still until the test moves
//! it, and random numbers follow from a seed, so a test does the same in each run.
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
//!
//! | of | drive it by | look at it by |
//! |---|---|---|
//! | its start | [`setup`](Harness::setup): seed, time, keys, storage | [`extension`](Harness::extension) |
//! | events | [`event`](Harness::event), [`update`](Harness::update) | [`emitted`](Harness::emitted), [`emitted_events`](Harness::emitted_events) |
//! | HTTP requests | [`respond`](Harness::respond), [`fail`](Harness::fail), [`limit`](Harness::limit), [`try_answer`](Harness::try_answer) | [`http_calls`](Harness::http_calls), [`turns`](Harness::turns) |
//! | routes and panels | [`request`](Harness::request), [`panel`](Harness::panel) | their replies, [`woken`](Harness::woken) |
//! | time | [`advance_ms`](Harness::advance_ms), [`try_next_timer`](Harness::try_next_timer), [`set_back_ms`](Harness::set_back_ms) | [`timers`](Harness::timers), [`now_ms`](Harness::now_ms) |
//! | websockets | [`ws_accept`](Harness::ws_accept), [`ws_frame`](Harness::ws_frame), [`ws_written`](Harness::ws_written), [`ws_end`](Harness::ws_end) | [`ws_opened`](Harness::ws_opened), [`ws_sent`](Harness::ws_sent), [`ws_closed`](Harness::ws_closed) |
//! | commands | [`command`](Harness::command) | [`progress`](Harness::progress), [`finished`](Harness::finished) |
//! | storage | [`store`](Harness::store) | [`stored`](Harness::stored) |
//! | reports | | [`log_lines`](Harness::log_lines), [`metrics`](Harness::metrics), [`conditions`](Harness::conditions), [`unfinished`](Harness::unfinished) |
//! | lives | [`restart`](Harness::restart), [`kill`](Harness::kill), [`reload`](Harness::reload), [`succeed_to`](Harness::succeed_to) | [`restores`](Harness::restores) |
//! | refusals | [`fail_next`](Harness::fail_next), [`fail_emit`](Harness::fail_emit), [`fail_every`](Harness::fail_every), [`fail_commit`](Harness::fail_commit), [`fail_call`](Harness::fail_call) | the error of the handler |
//!
//! [`Harness::effects`] shows all of it as one value, for a snapshot. [`check_failed_handlers`] lets each call of a run fail, one at a
//! time, and [`check_example_config`] compares an example config with an extension's defaults.

mod commands;
mod effects;
mod event_example;
mod events;
mod example;
mod failure;
mod host;
mod keys;
mod life;
mod operator;
mod random;
mod refusals;
mod reports;
mod requests;
mod routes;
mod setup;
#[cfg(feature = "insta")]
mod snapshot;
mod sockets;
mod storage;
mod time;
mod websockets;

#[cfg(feature = "insta")]
#[doc(hidden)]
pub use insta;
use serde_json::Value;

pub use self::effects::{Effects, LoggedLine, OpenRequest};
pub use self::event_example::EventExample;
pub use self::events::EmittedEvent;
pub use self::example::check_example_config;
pub use self::failure::check_failed_handlers;
use self::host::TestHost;
pub use self::keys::TestKey;
pub use self::refusals::CallKind;
pub use self::reports::Series;
pub use self::setup::Setup;
pub use self::sockets::{SentFrame, SocketCall};
use crate::{Extension, Result, Settings};

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
    /// Prepares an instance with the JSON of its [`Settings`], of which only `name` must be there: to choose a seed, a time,
    /// keys, or what is stored before it starts.
    pub fn setup(settings: Value) -> Setup<E> {
        Setup::new(settings)
    }

    /// Creates an instance from the JSON of its [`Settings`].
    ///
    /// # Panics
    ///
    /// The settings do not decode or `new` fails.
    #[must_use]
    pub fn start(settings: Value) -> Self {
        Self::setup(settings).start()
    }

    /// Creates an instance from the JSON of its [`Settings`].
    ///
    /// # Errors
    ///
    /// The settings do not decode or `new` fails.
    pub fn try_start(settings: Value) -> Result<Self> {
        Self::setup(settings).try_start()
    }

    /// Creates an instance from the JSON of its [`Settings`], for which the host has these keys.
    ///
    /// # Errors
    ///
    /// As for [`Harness::try_start`].
    pub fn start_with_keys(settings: Value, keys: Vec<TestKey>) -> Result<Self> {
        let setup = Self::setup(settings);
        keys.into_iter().fold(setup, Setup::with_key).try_start()
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
        if handled.is_ok() {
            return handled;
        }
        if self.host.has_lost_commit {
            self.kill();
        } else if self.host.has_asked() {
            self.restores += 1;
            self.restart();
        }
        handled
    }
}
