//! `horde_facilitator` with the harness in place of the host, and tests in place of the facilitator.

mod support;

mod bad_input;
mod commands;
mod conditions;
mod connections;
mod failed_handlers;
mod kills;
mod recorded;
mod requests;
mod statuses;
