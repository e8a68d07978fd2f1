//! Websocket connections of extensions.

pub(crate) mod recorded;
