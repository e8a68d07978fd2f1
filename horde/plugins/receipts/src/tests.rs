//! `horde_receipts` with the harness in place of the host, and tests in place of miners and the chain.

mod support;

mod bad_input;
mod commands;
mod conditions;
mod failed_handlers;
mod fetching;
mod kills;
mod other_validator;
mod own;
mod speed;
mod too_many;
