//! What handlers can reach: the bus, the store, time, randomness, keys, operators and the network.

use std::sync::Arc;

use crate::keys::Keys;
use crate::runtime::bus::{Bus, Full};
use crate::runtime::clock::{Clock, Random};
use crate::runtime::commands::Commands;
use crate::runtime::conditions::Announce;
use crate::runtime::event::Kind;
use crate::runtime::extension::Extension;
use crate::runtime::outbound::HttpSender;
use crate::runtime::recorder::Recorder;
use crate::runtime::sockets::SocketDriver;
use crate::runtime::timers::Timers;
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
    /// Where what is asked of websocket connections goes.
    pub sockets: Arc<dyn SocketDriver>,
    /// Timers.
    pub timers: Timers,
    /// Keys to sign with.
    pub keys: Keys,
    /// Calls of commands.
    pub commands: Commands,
    /// Where calls into extensions are recorded.
    pub recorder: Arc<Recorder>,
}

impl Services {
    /// Cancels the timers of an extension that is removed or stopped, and ends its connections and the waits for its
    /// commands. Its runner must submit nothing more.
    pub(crate) fn end_all(&self, extension: &Extension) {
        // Effects in flight could still set timers and open connections.
        extension.fence.wait_until_clear();
        self.timers.cancel_all(&extension.mailbox);
        self.sockets.end_all(&extension.sockets);
        self.commands.end_all(&extension.mailbox);
    }
}

impl Announce for Services {
    type Full = Full;

    fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    fn announce(&self, event: &str, payload: &str) -> Result<(), Full> {
        self.bus.emit(event, payload.as_bytes(), Kind::Plain)
    }
}
