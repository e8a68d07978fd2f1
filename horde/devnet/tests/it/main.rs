//! Miners as a validator sees them, over real sockets.

#![cfg(test)]

mod client;
mod jobs;
