//! The contract between `tig-host` and its extensions, and the SDK in which extensions are written.
//!
//! An extension is a plain state machine: an event comes in, it changes its own state and asks for effects.
//! **A handler is a transaction**: the storage writes, events and HTTP requests of a handler take effect together when it
//! returns `Ok`, or not at all. It never waits and never touches a socket, file, clock or source of randomness itself:
//! those are the host's, lent to each call as a [`Context`].
//!
//! ```no_run
//! use tig_plugin_api::prelude::*;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     greeting: String,
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct NewBlock {
//!     height: u64,
//! }
//!
//! struct Greeter {
//!     config: Config,
//! }
//!
//! #[extension]
//! impl Greeter {
//!     fn new(config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
//!         Ok(Self { config })
//!     }
//!
//!     fn on_new_block(&mut self, ctx: &mut Context<'_>, block: NewBlock) -> Result<()> {
//!         ctx.put("last_height", &block.height)?;
//!         ctx.info_with(&self.config.greeting, &[("height", &block.height)]);
//!         Ok(())
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! Built as a `cdylib` named `greeter`, the file is loaded by a host whose config lists `"greeter"` in `extensions`.
//!
//! # What it can ask for
//!
//! Besides storage, events and HTTP requests: timers ([`Context::at`]), signatures with keys that stay in the host
//! ([`Context::sign`]), websocket connections that live through a reload ([`Context::ws_open`]), and commands, functions with
//! `#[command]` that an operator calls by `tig-host call` ([`Context::progress`], [`Context::finish`]). `docs/services.md` has an
//! example of each, and says what lives through a reload and a restart.
//!
//! # When a handler fails
//!
//! The fields of the struct belong to the transaction, too. After a panic, and after an error of a handler that had asked
//! for effects (events, writes, requests, timers, frames, wakes, granted or refused), the host rebuilds the instance from its
//! storage: what it needs then must be stored. This is not a fault, and may happen at any time, for instance because another
//! extension has no room for an event.
//!
//! An error before any effect was asked for costs nothing, and fields stay as the handler has left them. So check
//! first, then ask for effects, and change fields last. A handler that must change fields before it checks calls
//! [`Context::mark_fields_changed`]. [`testing::check_failed_handlers`] tests an extension for all of this.

pub mod abi;
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
