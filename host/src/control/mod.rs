//! How signals, the admin socket and tests talk to a running host.

pub mod admin;
pub mod control;
pub mod operator;
