//! Rolls back an extension whose new version is stuck in a handler.
//!
//! A native handler cannot be stopped. Its thread is left behind: effects that it still asks for are dropped, and it
//! ends when the handler returns, if ever. The old version goes on on another thread.

use std::sync::Arc;

use tracing::error;

use crate::observe::watchdog::STUCK;
use crate::runtime::extension::Extension;
use crate::runtime::runner::Runner;
use crate::runtime::shared::Shared;

/// Rolls back `extension` if its new version is on probation.
pub(crate) fn roll_back_stuck(shared: &Arc<Shared>, extension: &Arc<Extension>) {
    let Some((probation, epoch, activity)) = extension.give_up() else {
        return;
    };
    // Transactions that the new version has submitted before are applied before the old one goes on.
    extension.fence.wait_until_clear();
    let runner = Runner::resume_old(
        Arc::clone(shared),
        Arc::clone(extension),
        (epoch, activity),
        probation,
        &format!("stuck for more than {} s", STUCK.as_secs()),
    );
    let spawned = shared.threads.spawn(&extension.name, move || runner.run());
    if let Err(reason) = spawned {
        error!(
            extension = extension.name,
            "its old version cannot go on: {reason}"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::thread::yield_now;
    use std::time::Duration;

    use super::*;
    use crate::lifecycle::reload::{self, ReloadError, Watched};
    use crate::limits::SWITCH_TIMEOUT;
    use crate::plugin::{Loader, fixture};
    use crate::runtime::command::Retry;
    use crate::store::Store;

    /// With these settings no successor of the counter comes to be: its `restore` never returns.
    const SETTINGS: &[u8] = br#"{"name": "counter", "config": {"counter": {"start": 4242}}}"#;

    /// The operator has waited for the switch in vain, and a config comes that does not change the version.
    #[test]
    fn config_does_not_retry_a_hanging_version() {
        let folder = tempfile::tempdir().unwrap();
        let loader = Loader::new(folder.path().to_owned(), None);
        let shared = Shared::offline(Store::in_memory().unwrap());
        let mut watched = Watched::unattended("counter");
        watched.settings = SETTINGS.into();
        let candidate = loader.read(&fixture::path("counter")).unwrap();
        let extension = Arc::clone(&watched.extension);
        let (host, settings) = (Arc::clone(&shared), Arc::clone(&watched.settings));
        let plugin = loader.load(&candidate).unwrap();
        let runner = Runner::new(host, Arc::clone(&extension), settings, plugin).unwrap();
        let spawned = shared.threads.spawn("counter", move || runner.run());
        spawned.unwrap();
        let replace = |timeout, retry, load: &dyn Fn()| {
            let replaced = reload::replace(timeout, &shared, &watched, &candidate, retry, || {
                load();
                loader.load(&candidate)
            });
            replaced.unwrap_err()
        };
        let late = replace(Duration::ZERO, Retry::Yes, &|| {});
        assert!(late.is_due(), "{late}");
        while extension.probation().is_none() {
            yield_now();
        }
        // After the config has looked for a rollback.
        let roll_back = || roll_back_stuck(&shared, &extension);
        let skipped = replace(SWITCH_TIMEOUT, Retry::No, &roll_back);
        let is_rolled_back = matches!(skipped, ReloadError::RolledBack { .. });
        assert!(is_rolled_back, "{skipped}");
        assert!(extension.probation().is_none());
    }
}
