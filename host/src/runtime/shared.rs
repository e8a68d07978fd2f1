//! What all runners share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::keys::Keys;
use crate::runtime::bus::Bus;
use crate::runtime::clock::{Clock, Random};
use crate::runtime::commands::Commands;
use crate::runtime::committer::Committer;
use crate::runtime::conditions::Conditions;
use crate::runtime::event::HOST;
use crate::runtime::extension::Extension;
use crate::runtime::outbound::HttpSender;
use crate::runtime::services::Services;
use crate::runtime::sockets::SocketDriver;
use crate::runtime::timers::Timers;
use crate::store::Store;
use crate::threads::Threads;

pub(crate) struct Shared {
    /// What handlers reach through their transactions.
    pub services: Services,
    /// Writes the transactions of all runners.
    pub committer: Committer,
    /// Threads of the runners.
    pub threads: Threads,
    /// The host's own conditions.
    pub conditions: Conditions,
    /// Why the config file is not applied.
    pub rejected_config: RejectedConfig,
}

/// Why the config file is not applied, if it is not.
#[derive(Default)]
pub(crate) struct RejectedConfig(Mutex<Option<String>>);

impl RejectedConfig {
    /// The reason.
    #[must_use]
    pub(crate) fn get(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Records the outcome of the last attempt.
    pub(crate) fn set(&self, reason: Option<String>) {
        *self.lock() = reason;
    }

    /// No code panics while it holds the lock, so the text is still whole.
    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// What the runners of a host without extensions would share.
    #[must_use]
    pub(crate) fn new(
        store: Store,
        (http, sockets): (Arc<dyn HttpSender>, Arc<dyn SocketDriver>),
        keys: Keys,
        (clock, random): (Clock, Random),
    ) -> Self {
        Self {
            services: Services {
                bus: Bus::new(clock.clone()),
                store,
                clock,
                random,
                http,
                sockets,
                timers: Timers::default(),
                keys,
                commands: Commands::default(),
                recorder: Arc::default(),
            },
            committer: Committer::default(),
            threads: Threads::default(),
            conditions: Conditions::new(HOST),
            rejected_config: RejectedConfig::default(),
        }
    }

    /// As in a host that sends no requests.
    #[cfg(test)]
    pub(crate) fn offline(store: Store) -> Arc<Self> {
        let sources = (Clock::start(), Random::from_system());
        let network = (Arc::new(Offline) as _, Arc::new(Offline) as _);
        Arc::new(Self::new(store, network, Keys::default(), sources))
    }

    /// The extension with a route for the request, if there is one.
    #[must_use]
    pub(crate) fn find_route(&self, method: &str, path: &str) -> Option<Arc<Extension>> {
        let bus = &self.services.bus;
        bus.find(|extension| extension.has_route(method, path))
    }
}

/// Sends nothing.
#[cfg(test)]
struct Offline;

#[cfg(test)]
impl HttpSender for Offline {
    fn send(&self, _: crate::runtime::outbound::PendingCall) {}

    fn set_rates(&self, rates: crate::config::RateTable) -> crate::config::RateTable {
        rates
    }
}

#[cfg(test)]
impl SocketDriver for Offline {
    fn carry_out(
        &self,
        _: &crate::runtime::sockets::SocketOwner,
        _: Vec<crate::runtime::sockets::SocketAction>,
    ) {
    }

    fn end_all(&self, _: &crate::runtime::sockets::SocketOwner) {}
}
