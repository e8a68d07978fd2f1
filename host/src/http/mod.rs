//! The host's sockets: the listener with its routes and access rules, and the client that sends for extensions.

pub(crate) mod alarm;
pub(crate) mod client;
pub(crate) mod client_stream;
pub(crate) mod listener;
pub(crate) mod metrics;
pub(crate) mod operator;
pub(crate) mod proxy;
pub(crate) mod rate_limit;
pub(crate) mod renewal;
mod reply;
pub(crate) mod request;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod ws;
