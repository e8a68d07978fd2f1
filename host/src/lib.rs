//! `tig-host`: a small host that loads extensions, moves events between them, and owns every socket, file, clock and
//! random number. It does not know what its extensions do.
//!
//! Reading order: [`config`] says what to run, [`plugin`] turns a file into code, [`runtime`] delivers events to
//! extensions as transactions and puts their effects into the [`store`], [`lifecycle`] starts and replaces extensions
//! while they run, [`http`] and [`observe`] face the network and the operator, and [`host`] assembles the parts.
//! [`control`] is the handle of a running host.

mod cli;
mod config;
mod control;
mod error;
mod exit_code;
mod host;
mod http;
mod lifecycle;
mod limits;
mod observe;
mod plugin;
mod runtime;
mod stepped;
mod store;
mod threads;

pub mod testing;

pub use self::{
    cli::main,
    config::{Config, Overrides},
    control::{Control, ControlError},
    error::HostError,
    host::Host,
    lifecycle::reload::{Attempt, Outcome},
    observe::{
        shadow_status::ShadowStatus,
        status::{ExtensionStatus, State},
    },
    plugin::PluginError,
    runtime::{
        clock::{Clock, Random, VirtualTime},
        event::Kind,
    },
    stepped::SteppedHost,
    store::{Store, StoreError},
};
