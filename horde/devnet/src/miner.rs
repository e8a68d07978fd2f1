//! A miner as a state machine: what comes in, and what it makes go out. No I/O and no clock.
//!
//! [`Miner`] takes connections, frames and results, each with its time, and returns [`Effect`]s, which the server
//! carries out in their order.

mod authentication;
mod connection;
mod delivery;
mod effect;
mod faulty_frames;
mod job_frames;
mod jobs;
mod manifest;
mod port;
mod received;
mod report;
mod reservation;
mod result;
mod run;
mod state;
mod stored_receipts;
#[cfg(test)]
mod tests;
mod waiting;

pub(crate) use connection::ConnectionId;
pub(crate) use effect::{Effect, Flood, Frame, Outgoing};
pub(crate) use port::Handshake;
pub(crate) use received::Received;
pub(crate) use state::{Miner, Mode, Profile};
