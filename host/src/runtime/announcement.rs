//! Events about new versions of extensions.

use serde_json::{Value, json};
use tracing::warn;

use crate::runtime::bus::Bus;
use crate::runtime::event::{EXTENSION_REJECTED, EXTENSION_RELOADED, Kind};
use crate::runtime::extension::Extension;

/// Publishes that version `to` of `extension` has taken over.
pub(crate) fn reloaded(bus: &Bus, extension: &Extension, from: &str, to: &str) {
    let arguments = json!({ "name": extension.name, "from": from, "to": to });
    publish(bus, EXTENSION_RELOADED, &arguments);
}

/// Logs and publishes that a new version of `extension` is rejected, also one that had taken over before.
pub(crate) fn rejected(bus: &Bus, extension: &Extension, offered: Option<&str>, reason: &str) {
    let name = &extension.name;
    let running = extension.version();
    warn!(
        extension = name,
        running, offered, "new version rejected, the running one goes on: {reason}"
    );
    extension.reject(offered, reason);
    let arguments =
        json!({ "name": name, "running": running, "offered": offered, "reason": reason });
    publish(bus, EXTENSION_REJECTED, &arguments);
}

fn publish(bus: &Bus, event: &str, arguments: &Value) {
    let payload = arguments.to_string();
    if let Err(full) = bus.emit(event, payload.as_bytes(), Kind::Plain) {
        warn!("{full}");
    }
}
