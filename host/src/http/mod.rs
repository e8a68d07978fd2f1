//! The host's sockets: the listener with its routes and access rules, and the client that sends for extensions.

pub mod client;
pub mod listener;
pub mod metrics;
pub mod rate_limit;
pub mod renewal;
pub mod server;
pub mod settings;
