//! `tig-host`: a small host that loads extensions, moves events between them, and owns every socket, file, clock and
//! random number. It knows nothing of what its extensions do.
//!
//! Reading order: [`config`] says what to run, [`plugin`] turns a file into code, [`bus`] routes events into mailboxes,
//! [`runner`] gives them to an extension as transactions ([`transaction`], [`committer`], [`store`]), [`reload`] replaces an extension
//! while it runs, and [`host`] puts the parts together. [`control`] is how the outside talks to a running host.

pub mod access;
pub mod admin;
pub mod admission;
pub mod apply;
pub mod bus;
pub mod candidates;
pub mod clock;
pub mod committer;
pub mod config;
pub mod control;
pub mod desk;
pub mod drain;
pub mod edge;
pub mod effects;
pub mod error;
pub mod event;
pub mod extensions;
pub mod held;
pub mod host;
pub mod http_client;
pub mod http_server;
pub mod keeper;
pub mod listener;
pub mod mailbox;
pub mod meters;
pub mod metrics;
pub mod operator;
pub mod overlay;
pub mod plugin;
pub mod probation;
pub mod process;
pub mod queue;
pub mod rate;
pub mod reload;
pub mod rescue;
pub mod router;
pub mod runner;
pub mod schema;
pub mod shadow;
pub mod shadowing;
pub mod slot;
pub mod status;
pub mod stepped;
pub mod store;
pub mod threads;
pub mod ticker;
pub mod transaction;
pub mod watch;
pub mod watchdog;
