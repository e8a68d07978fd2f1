//! Starts extensions from the plugin files of a config.

use std::sync::Arc;

use tracing::info;

use crate::config::Config;
use crate::error::HostError;
use crate::plugin::{Loader, Plugin, PluginError, PluginFile, short_hash};
use crate::runtime::event::Event;
use crate::runtime::extension::Extension;
use crate::runtime::item::{Delivery, Item};
use crate::runtime::runner::Runner;
use crate::runtime::shared::Shared;
use crate::store::StoreError;

/// Loads the plugin of each extension.
///
/// # Errors
///
/// The first file that is rejected.
pub(crate) fn load(
    config: &Config,
    loader: &Loader,
    candidates: &[PluginFile],
) -> Result<Vec<Plugin>, HostError> {
    let named = config.extensions.iter().zip(loader.load_each(candidates));
    let plugin = |(name, loaded): (&String, Result<Plugin, PluginError>)| {
        loaded.map_err(|source| HostError::Plugin {
            name: name.clone(),
            source,
        })
    };
    named.map(plugin).collect()
}

/// Creates an instance of each of `plugins`, which are in the config's order, after all are subscribed: events of one
/// `new` reach the other extensions. Their threads are not started yet.
///
/// # Errors
///
/// See [`HostError`].
pub(crate) fn start(
    config: &Config,
    shared: &Arc<Shared>,
    plugins: Vec<Plugin>,
) -> Result<Vec<Runner>, HostError> {
    // First: `new` may send requests already.
    shared.services.http.set_rates(config.rates.clone());
    let mut subscribed = Vec::new();
    for (name, plugin) in config.extensions.iter().zip(plugins) {
        let extension = Arc::new(Extension::new(name));
        redeliver_undelivered(shared, &extension)?;
        shared
            .services
            .bus
            .subscribe(&extension, &plugin.manifest.events);
        subscribed.push((extension, plugin));
    }
    let start = |(extension, plugin)| start_one(config, shared, &extension, plugin);
    subscribed.into_iter().map(start).collect()
}

fn start_one(
    config: &Config,
    shared: &Arc<Shared>,
    extension: &Arc<Extension>,
    plugin: Plugin,
) -> Result<Runner, HostError> {
    let version = plugin.manifest.version.clone();
    let hash = plugin.hash.clone();
    let failed = |reason: String| HostError::Plugin {
        name: extension.name.clone(),
        source: PluginError::New {
            version: version.clone(),
            reason,
        },
    };
    let settings = settings(config, &extension.name);
    extension.install(&plugin, &settings);
    let runner = Runner::new(Arc::clone(shared), Arc::clone(extension), settings, plugin)
        .map_err(|failure| failed(failure.0))?;
    info!(
        extension = extension.name,
        version,
        hash = short_hash(&hash),
        "extension loaded"
    );
    Ok(runner)
}

/// JSON of the settings of extension `name`.
#[must_use]
pub(crate) fn settings(config: &Config, name: &str) -> Arc<[u8]> {
    // Texts, numbers and JSON from a file always have a JSON form.
    serde_json::to_vec(&config.settings(name))
        .unwrap_or_default()
        .into()
}

/// Puts the durable events of the outbox that an earlier instance has not handled before all other items.
///
/// # Errors
///
/// The store cannot be read.
pub(crate) fn redeliver_undelivered(
    shared: &Shared,
    extension: &Extension,
) -> Result<(), StoreError> {
    let undelivered = shared.services.store.undelivered(&extension.name)?;
    if !undelivered.is_empty() {
        info!(
            extension = extension.name,
            "redelivering {} events of an earlier run",
            undelivered.len()
        );
    }
    let items = undelivered.into_iter().map(|event| {
        Item::Event(Delivery {
            event: Arc::new(Event {
                sequence: 0,
                name: event.name.as_str().into(),
                payload: event.payload.as_slice().into(),
                outbox_id: Some(event.outbox_id),
                latest: false,
            }),
            redelivered: true,
        })
    });
    extension.mailbox.put_first(items.collect());
    Ok(())
}
