//! Events in, effects out: the bus, the mailboxes, the extensions' threads and their transactions.
//!
//! Knows no file, socket, config or operator: effects leave through the store and [`outbound`].

pub(crate) mod announcement;
pub(crate) mod bus;
pub(crate) mod clock;
pub(crate) mod command;
pub(crate) mod commands;
pub(crate) mod committer;
pub(crate) mod conditions;
pub(crate) mod effects;
pub(crate) mod event;
pub(crate) mod extension;
pub(crate) mod failure;
pub(crate) mod fence;
pub(crate) mod host_call_error;
pub(crate) mod item;
pub(crate) mod log_line;
pub(crate) mod long_messages;
pub(crate) mod long_poll;
pub(crate) mod mailbox;
pub(crate) mod outbound;
pub(crate) mod pending_writes;
pub(crate) mod probation;
pub(crate) mod recorder;
pub(crate) mod route_request;
pub(crate) mod runner;
pub(crate) mod sent;
pub(crate) mod service_effect;
pub(crate) mod services;
pub(crate) mod shadow;
pub(crate) mod shared;
pub(crate) mod socket_event;
pub(crate) mod sockets;
pub(crate) mod standing;
pub(crate) mod timers;
pub(crate) mod transaction;
