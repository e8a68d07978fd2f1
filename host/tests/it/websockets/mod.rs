//! Websocket connections of extensions, with real sockets on loopback.

mod support;

mod messages;
