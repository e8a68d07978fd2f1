//! Creates an instance of a plugin without a host around it; its effects are dropped.

use std::sync::Arc;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::sabi_types::RMut;
use tig_plugin_api::abi::{Host_TO, HostRef};

use crate::http::client::HttpClient;
use crate::http::ws::recorded::RecordedSockets;
use crate::keys::Keys;
use crate::plugin::{FirstStart, Plugin};
use crate::runtime::bus::Bus;
use crate::runtime::clock::{Clock, Random};
use crate::runtime::commands::Commands;
use crate::runtime::extension::Extension;
use crate::runtime::pending_writes::Overlay;
use crate::runtime::services::Services;
use crate::runtime::timers::Timers;
use crate::runtime::transaction::Transaction;
use crate::store::{Store, StoreError};

/// Why no instance can be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrialError {
    /// The store in memory cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings have no JSON form.
    #[error("settings: {0}")]
    Settings(#[from] serde_json::Error),
    /// `new` failed.
    #[error("{0}")]
    New(String),
}

/// Creates an instance as at the first start of a host with these settings, and drops it. What it signs is signed with throwaway keys.
///
/// # Errors
///
/// See [`TrialError`].
pub(crate) fn create_instance(plugin: &Plugin, start: FirstStart) -> Result<(), TrialError> {
    let FirstStart { settings, keys } = start;
    let services = Services {
        bus: Bus::new(Clock::start()),
        store: Store::in_memory()?,
        clock: Clock::start(),
        random: Random::from_system(),
        http: Arc::new(HttpClient::recording()),
        sockets: Arc::new(RecordedSockets::default()),
        timers: Timers::default(),
        keys: Keys::throwaway(keys),
        commands: Commands::default(),
        recorder: Arc::default(),
    };
    let (extension, overlay) = (Extension::new(&settings.name), Overlay::default());
    let mut transaction = Transaction::begin(&services, &extension, &overlay);
    let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
    plugin
        .create(host, &serde_json::to_vec(&settings)?, None)
        .map(drop)
        .map_err(|failure| TrialError::New(failure.text.into_string()))
}
