//! `tig-host`: a small host that loads extensions, moves events between them, and owns every socket, file, clock and
//! random number. It knows nothing of what its extensions do.
//!
//! Reading order: [`config`] says what to run, [`plugin`] turns a file into code, [`runtime`] gives events to extensions as
//! transactions and puts their effects into the [`store`], [`lifecycle`] starts and replaces extensions while they run,
//! [`http`] and [`observe`] face the network and the operator, and [`host`] puts the parts together. [`control`] is how the
//! outside talks to a running host.

pub mod config;
pub mod control;
pub mod error;
pub mod exit_code;
pub mod host;
pub mod http;
pub mod lifecycle;
pub mod limits;
pub mod observe;
pub mod plugin;
pub mod runtime;
pub mod stepped;
pub mod store;
pub mod threads;
