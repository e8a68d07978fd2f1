//! Websocket connections of extensions, with real sockets on loopback.

mod support;

mod connects;
mod ends;
mod lives;
mod messages;
mod pressure;
mod tls;
