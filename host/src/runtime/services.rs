//! What handlers can reach: the bus, the store, time, randomness and the network.

use std::sync::Arc;

use crate::runtime::bus::Bus;
use crate::runtime::clock::{Clock, Random};
use crate::runtime::outbound::HttpSender;
use crate::store::Store;

/// What a handler can reach.
pub(crate) struct Services {
    /// Where events go.
    pub bus: Bus,
    /// Where writes go.
    pub store: Store,
    /// Time.
    pub clock: Clock,
    /// Random numbers.
    pub random: Random,
    /// Where HTTP requests go.
    pub http: Arc<dyn HttpSender>,
}
