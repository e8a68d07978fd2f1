//! The worker from outside: golden command lines and batches, and guests that misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batches;
mod command_line;
mod guests;
mod modules;
mod vectors;
