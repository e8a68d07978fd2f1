//! Events in, effects out: the bus, the mailboxes, the extensions' threads and their transactions.
//!
//! Knows no file, socket, config or operator: what reaches the outside leaves through the store and [`outbound`].

pub mod announcement;
pub mod bus;
pub mod clock;
pub mod committer;
pub mod effects;
pub mod event;
pub mod extension;
pub mod failure;
pub mod fence;
pub mod log_line;
pub mod long_poll;
pub mod mailbox;
pub mod outbound;
pub mod pending_writes;
pub mod probation;
pub mod runner;
pub mod services;
pub mod shadow;
pub mod transaction;
