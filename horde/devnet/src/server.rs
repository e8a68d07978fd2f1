//! The listeners of a network: sockets and receipts of its miners, the service of its chain, and the control routes.

mod chain;
mod chain_control;
mod control;
mod guard;
mod listener;
mod pages;
pub(crate) mod raw_http;
mod socket;
mod upgrade;

pub(crate) use chain::serve_chain;
pub(crate) use chain_control::router as chain_router;
pub(crate) use control::router as control_router;
pub(crate) use listener::{listen, serve_miner};
