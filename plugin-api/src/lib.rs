//! The contract between `tig-host` and its extensions, and the SDK in which extensions are written.
//!
//! An extension is a plain state machine: an event comes in, it changes its own state and asks for effects.
//! **A handler is a transaction**: the storage writes, events and HTTP requests of a handler take effect together when it
//! returns `Ok`, or not at all. It never waits and never touches a socket, file, clock or source of randomness itself:
//! those are the host's, lent to each call as a [`Context`].
//!
//! # A whole extension
//!
//! It counts readings above a limit, stores the number, and reports every one of them.
//!
//! ```
//! use tig_plugin_api::prelude::*;
//!
//! /// The extension's section of the config.
//! #[derive(ConfigSchema, serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     /// Degrees above which a reading is too hot.
//!     limit: f64,
//! }
//!
//! struct Alarm { config: Config, hot: u64 }
//!
//! #[extension(emits("too_hot"))]
//! impl Alarm {
//!     fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
//!         let hot = ctx.get("hot")?.unwrap_or(0);
//!         Ok(Self { config, hot })
//!     }
//!
//!     fn on_reading(&mut self, ctx: &mut Context<'_>, degrees: f64) -> Result<()> {
//!         if degrees > self.config.limit {
//!             let hot = self.hot + 1;
//!             ctx.put("hot", &hot)?;
//!             ctx.emit_json("too_hot", &degrees)?;
//!             self.hot = hot;
//!         }
//!         Ok(())
//!     }
//! }
//!
//! // Its test, which needs no host. In the extension's file it has `#[test]`.
//! use serde_json::json;
//! use tig_plugin_api::testing::Harness;
//!
//! fn hot_readings_are_counted_and_reported() {
//!     let mut alarm = Harness::<Alarm>::start(json!({
//!         "name": "alarm", "config": { "alarm": { "limit": 30.0 } },
//!     }));
//!     alarm.event("reading", json!(29.5));
//!     alarm.event("reading", json!(31.0));
//!     assert_eq!(alarm.emitted(), [("too_hot".to_owned(), json!(31.0))]);
//!     alarm.restart();
//!     assert_eq!(alarm.extension().hot, 1, "the count survives a restart");
//!     // An extension that handles `too_hot` has no room: nothing has happened.
//!     alarm.fail_emit("too_hot");
//!     assert!(alarm.try_event("reading", json!(33.0)).is_err());
//!     assert_eq!(alarm.stored()["hot"], 1);
//! }
//! # fn main() { hot_readings_are_counted_and_reported() }
//! ```
//!
//! Built as a `cdylib` named `alarm`, the file is loaded by a host whose config lists `"alarm"` in `extensions`. `#[extension]`
//! finds handlers by their names; its documentation ([`macro@extension`]) lists all of them. `tig-host plugin new` writes such a
//! crate.
//!
//! # Events
//!
//! An event has a name and arguments in JSON. `on_<name>` of every extension that has it is called with the arguments, decoded
//! into any type that reads them: name only the fields that you need, and unknown ones are ignored. Events of one emitter reach a
//! handler in their order.
//!
//! ```
//! use tig_plugin_api::prelude::*;
//!
//! /// What a customer has paid: nobody could emit it again, so it is kept on disk until every handler has handled it.
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Paid { customer: String, cents: u64 }
//!
//! impl Event for Paid {
//!     const NAME: &'static str = "paid";
//!     const DURABLE: bool = true;
//! }
//!
//! /// What is in stock: the newest one says all, so it replaces one that still waits for a busy handler.
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Stock { pieces: u64 }
//!
//! impl Event for Stock {
//!     const NAME: &'static str = "stock";
//!     const LATEST: bool = true;
//! }
//!
//! fn sell(ctx: &mut Context<'_>, customer: &str, pieces: u64) -> Result<()> {
//!     ctx.emit(&Paid { customer: customer.to_owned(), cents: 500 })?;
//!     ctx.emit(&Stock { pieces })
//! }
//! ```
//!
//! | kind | waits | after a crash of the host | if the handler fails |
//! |---|---|---|---|
//! | plain | in memory | lost: emit it again from what is stored | it is not redelivered |
//! | [`DURABLE`](Event::DURABLE) | on disk | redelivered | redelivered at the next start or reload |
//! | [`LATEST`](Event::LATEST) | in memory, at most one of its name | lost | it is not redelivered |
//!
//! A durable event may be handled twice, after a crash or a rollback: its handler must be idempotent. The host emits `update` every
//! five seconds, and events about conditions. `docs/events.md` of the repository lists the events of the stock extensions, each
//! with an example.
//!
//! # What it can ask for
//!
//! Besides storage, events and HTTP requests: timers ([`Context::at`]), signatures with keys that stay in the host
//! ([`Context::sign`]), websocket connections that live through a reload ([`Context::ws_open`]), and commands, functions with
//! `#[command]` that an operator calls by `tig-host call` ([`Context::progress`], [`Context::finish`]). `docs/services.md` has an
//! example of each, and says what lives through a reload and a restart.
//!
//! # Errors
//!
//! A handler returns [`Result`]. Its [`Error`] is a text for the operator, and every [`std::error::Error`] becomes one by `?`, with
//! its sources. [`bail!`] returns early with a text; [`Error::context`] puts the thing that it is about in front.
//!
//! ```
//! use tig_plugin_api::prelude::*;
//!
//! fn parse_port(text: &str) -> Result<u16> {
//!     let parsed = text.parse().map_err(Error::from);
//!     let port = parsed.map_err(|error| error.context(format_args!("port `{text}`")))?;
//!     if port < 1_024 {
//!         bail!("port {port} needs rights; choose one from 1024 on");
//!     }
//!     Ok(port)
//! }
//!
//! assert_eq!(parse_port("x").unwrap_err().to_string(), "port `x`: invalid digit found in string");
//! assert!(parse_port("80").is_err());
//! assert_eq!(parse_port("5115").unwrap(), 5_115);
//! ```
//!
//! What an error does depends on where it happens:
//!
//! | where | what the host does |
//! |---|---|
//! | `new` at the start | the host does not start, and names section and reason |
//! | `new`, `restore`, `migrate` or `snapshot` at a reload | the running version goes on |
//! | a handler of an event or a timer | it logs the error; see below for the instance |
//! | a route | the client gets status 500 |
//! | a command | the caller gets the error and exit code 8 |
//! | a panic anywhere | as an error; the instance is always restored. More than five in a minute stop the extension |
//!
//! Arguments that do not decode are errors of this kind, with the path of the first misfit: the handler is not called. A handler that
//! cannot use an event returns `Ok` after it has logged why, if that is nobody's fault.
//!
//! # When a handler fails
//!
//! The fields of the struct belong to the transaction, too. After a panic, and after an error of a handler that had asked
//! for effects (events, writes, requests, timers, frames, wakes, conditions, granted or refused), the host rebuilds the instance
//! from its storage: what it needs then must be stored. This is not a fault, and may happen at any time, for instance because another
//! extension has no room for an event.
//!
//! An error before any effect was asked for costs nothing, and fields stay as the handler has left them. So check
//! first, then ask for effects, and change fields last. A handler that must change fields before it checks calls
//! [`Context::mark_fields_changed`]. [`testing::check_failed_handlers`] tests an extension for all of this.
//!
//! # State and its versions
//!
//! An extension has three kinds of memory:
//!
//! | what | lives until | form |
//! |---|---|---|
//! | fields | the instance is restored, reloaded or restarted | yours |
//! | what `snapshot` hands to `restore` | the next version has it, at a reload | has a version: `state_version` |
//! | the storage ([`Context::put`]) | it is deleted | has no version: add one of your own where forms will change |
//!
//! `state_version` (1 unless said otherwise) is raised when what `snapshot` returns changes its form. `migrate` turns the state of
//! another version into the present one; without it, or if it fails, the reload is refused and the predecessor goes on.
//!
//! ```
//! use serde_json::json;
//! use tig_plugin_api::prelude::*;
//! use tig_plugin_api::testing::Harness;
//!
//! /// Version 2. Version 1 was the number of cups alone.
//! #[derive(Clone, Default, serde::Deserialize, serde::Serialize)]
//! struct State { cups: u64, beans: String }
//!
//! struct Barista { state: State }
//!
//! #[extension(state_version = 2)]
//! impl Barista {
//!     fn new(_config: serde_json::Value, _ctx: &mut Context<'_>) -> Result<Self> {
//!         Ok(Self { state: State::default() })
//!     }
//!
//!     /// Leaves the fields as they are: if the successor fails, this instance goes on.
//!     fn snapshot(&mut self) -> Result<State> {
//!         Ok(self.state.clone())
//!     }
//!
//!     fn restore(&mut self, _ctx: &mut Context<'_>, state: State) -> Result<()> {
//!         self.state = state;
//!         Ok(())
//!     }
//!
//!     fn migrate(version: u32, state: serde_json::Value) -> Result<State> {
//!         match (version, state.as_u64()) {
//!             (1, Some(cups)) => Ok(State { cups, beans: "house blend".to_owned() }),
//!             _ => bail!("no way from version {version}; load version 1 first"),
//!         }
//!     }
//! }
//!
//! # fn main() {
//! let mut barista = Harness::<Barista>::start(json!({ "name": "barista" }));
//! barista.succeed_to(1, &json!(7)).unwrap();
//! assert_eq!(barista.extension().state.cups, 7);
//! barista.reload();
//! assert_eq!(barista.extension().state.beans, "house blend");
//! assert!(barista.succeed_to(9, &json!(7)).is_err());
//! assert_eq!(barista.extension().state.cups, 7, "the running version goes on");
//! # }
//! ```
//!
//! A new version is on probation for a minute. If it fails meanwhile, the earlier instance goes on and finds the storage as it was: the host
//! undoes what the new version has written. Later there is no way back but to load the earlier file, which then reads what the new
//! version has stored: [`Context::get_sound`] and [`Context::scan_sound`] set aside what they cannot read.
//!
//! # Compatibility
//!
//! A plugin file runs in every host with the same [`abi::API_VERSION`], whichever compiler and version of this crate the two were
//! built with. `docs/compatibility.md` says what may change in which version, and what the host checks at loading;
//! `docs/writing-extensions.md` is the guide for authors, from an empty folder to a plugin that is shadowed and promoted.

pub mod abi;
mod backtrace;
mod command;
mod condition;
mod context;
mod error;
mod extension;
pub mod frame;
#[doc(hidden)]
pub mod guard;
mod http;
mod http_answer;
mod key;
mod local;
mod log;
mod manifest;
pub mod panel;
mod panel_query;
mod sample;
mod schema;
mod settings;
pub mod testing;
mod timer;
mod ws;

pub use command::{Finish, Started, Ticket};
pub use condition::{
    CONDITION_NAME_BYTES_MAX, CONDITION_TEXT_BYTES_MAX, CONDITIONS_COUNT_MAX, Condition,
    ReportedConditions, Severity,
};
pub use context::{Context, Event, SET_ASIDE};
pub use error::{Error, Result};
pub use extension::Extension;
pub use http::{
    HttpCall, HttpFailure, HttpFailureKind, HttpReply, HttpRequest, HttpResponse, Method, Priority,
    RateLimit, Turn,
};
pub use http_answer::{HEADERS_BYTES_MAX, HEADERS_COUNT_MAX, HttpAnswer};
pub use local::{NotLocal, check_local, is_of_another_page};
pub use log::{LogFields, LogLine, LogValue};
pub use manifest::{ApiRates, CommandInfo, IdentityKey, Manifest, Rates, Route};
pub use panel_query::{PanelQuery, ROWS_COUNT_MAX};
pub use sample::Sample;
pub use schema::{ConfigSchema, Field, Schema};
pub use settings::{Secret, Settings};
pub use tig_plugin_macros::{ConfigSchema, extension};
pub use timer::TAG_BYTES_MAX;
pub use ws::{WsClose, WsCloseClass, WsEvent, WsEventKind, WsOpen, WsSend};

/// The names that an extension's source file needs in scope.
pub mod prelude {
    pub use crate::{
        Condition, ConfigSchema, Context, Error, Event, HttpAnswer, HttpCall, HttpFailure,
        HttpFailureKind, HttpReply, HttpRequest, HttpResponse, LogFields, Method, Priority, Result,
        Secret, Settings, Severity, Started, Ticket, Turn, WsCloseClass, WsEvent, WsEventKind,
        WsOpen, bail,
    };
    // The macro without the module of the same name.
    pub use tig_plugin_macros::extension;
}

/// Compiles the plugin that the README shows.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Compiles the examples of the services.
#[cfg(doctest)]
#[doc = include_str!("../../docs/services.md")]
struct Services;

/// Support for code that `#[extension]` writes; authors do not use it.
#[doc(hidden)]
pub mod export {
    pub use abi_stable::library::LibHeader;
    pub use serde_json;

    pub use crate::abi::header;
    pub use crate::extension::{
        Migrate, decode_arguments, decode_event, decode_state, decode_timer, encode_state,
    };
    pub use crate::http::HttpResponse;
    pub use crate::manifest::{
        CommandText, IdentityText, ManifestText, NO_ARGUMENTS, RatesText, schema_bytes,
        schema_length,
    };
    pub use crate::schema::{NoSchema, SchemaOf};
    pub use crate::ws::WsEvent;
}
