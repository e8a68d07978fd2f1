//! What all extensions share: the bus, the store, time, randomness, and the way to the network.

use std::sync::Arc;

use crate::{
    runtime::{
        bus::Bus,
        clock::{Clock, Random},
        outbound::HttpSender,
    },
    store::Store,
};

/// What a handler can reach.
pub(crate) struct Services {
    /// See [`Bus`].
    pub bus: Bus,
    /// See [`Store`].
    pub store: Store,
    /// See [`Clock`].
    pub clock: Clock,
    /// See [`Random`].
    pub random: Random,
    /// Where HTTP requests go.
    pub http: Arc<dyn HttpSender>,
}
