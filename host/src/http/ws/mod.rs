//! Websocket connections of extensions.

pub(crate) mod barrier;
pub(crate) mod client;
mod connection;
mod dial;
mod ending;
mod events;
mod handshake;
mod incoming;
mod outbox;
pub(crate) mod recorded;
mod request;
mod stream;
mod task;
mod tcp;
