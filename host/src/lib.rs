//! `tig-host`: a small host that loads extensions, moves events between them, and owns every socket, file, clock and
//! random number. It does not know what its extensions do.
//!
//! Reading order: `config` says what to run, `plugin` turns a file into code, `runtime` delivers events to
//! extensions as transactions and puts their effects into the `store`, `lifecycle` starts and replaces extensions
//! while they run, `http` and `observe` face the network and the operator, and `host` assembles the parts.
//! `control` is the handle of a running host.

mod cli;
mod config;
mod control;
mod error;
mod exit_code;
mod host;
mod http;
mod keys;
mod lifecycle;
mod limits;
mod observe;
mod plugin;
mod replay;
mod runtime;
mod secrets;
mod stepped;
mod store;
mod threads;

pub mod testing;

pub use self::cli::main;
pub use self::config::{Config, Overrides};
pub use self::control::{Call, CallError, Control, ControlError};
pub use self::error::HostError;
pub use self::host::Host;
pub use self::lifecycle::reload::{Attempt, Outcome};
pub use self::observe::shadow_status::ShadowStatus;
pub use self::observe::status::{ExtensionStatus, State};
pub use self::plugin::PluginError;
pub use self::runtime::clock::{Clock, Random, VirtualTime};
pub use self::runtime::event::Kind;
pub use self::stepped::SteppedHost;
pub use self::store::{Store, StoreError};
