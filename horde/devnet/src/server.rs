//! The listeners of a network: sockets and receipts of its miners, and the control routes.

mod control;
mod guard;
mod listener;
mod pages;
mod socket;
mod upgrade;

pub(crate) use control::router as control_router;
pub(crate) use listener::{listen, serve_miner};
