//! Looks at what the host and its extensions are doing, and keeps the host's own conditions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::lifecycle::drain::Drain;
use crate::observe::own_conditions::{ExtensionFacts, Facts, ShadowFacts};
use crate::observe::status::State;
use crate::runtime::extension::Extension;
use crate::runtime::shared::Shared;

/// Time between two looks at the disk.
const DISK_INTERVAL: Duration = Duration::from_secs(5);

pub(crate) struct Health {
    shared: Arc<Shared>,
    drain: Drain,
    /// Folder of the store.
    folder: PathBuf,
    /// When the disk was last looked at, and what was free.
    disk: Option<(Instant, Option<u64>)>,
}

impl Health {
    /// The health of a host whose store is in `folder`.
    #[must_use]
    pub(crate) fn new(shared: &Arc<Shared>, drain: Drain, folder: PathBuf) -> Self {
        Self {
            shared: Arc::clone(shared),
            drain,
            folder,
            disk: None,
        }
    }

    /// Reports what is so now.
    pub(crate) fn check(&mut self, now: Instant) {
        let free = self.free_bytes(now);
        let extensions = self.shared.services.bus.extensions();
        for extension in &extensions {
            let services = &self.shared.services;
            extension.conditions.end_inherited(now, services);
            extension.conditions.publish_rest(services);
        }
        let unfinished = || {
            let counts = self.drain.unfinished().into_iter();
            counts.map(|(_, count)| count).sum()
        };
        let failed = self.shared.committer.failed();
        let facts = Facts {
            extensions: extensions.iter().map(|it| facts(it, now)).collect(),
            config_rejected: self.shared.rejected_config.get(),
            disk: free.map(|free| (self.folder.display().to_string(), free)),
            store_failed: failed.map(ToString::to_string),
            recording_ended: self.shared.services.recorder.ended(),
            draining: self.drain.is_requested().then(unfinished),
            clock_off_s: self.shared.services.clock.system_ahead_s(),
        };
        let conditions = facts.conditions();
        self.shared
            .conditions
            .report(conditions, &self.shared.services);
    }

    fn free_bytes(&mut self, now: Instant) -> Option<u64> {
        if let Some((looked, free)) = self.disk
            && now.duration_since(looked) < DISK_INTERVAL
        {
            return free;
        }
        let free = match rustix::fs::statvfs(&self.folder) {
            // What others than root may use: the host should run as one of them.
            Ok(found) => Some(found.f_bavail.saturating_mul(found.f_frsize)),
            Err(error) => {
                debug!("free space of {}: {error}", self.folder.display());
                None
            }
        };
        self.disk = Some((now, free));
        free
    }
}

fn facts(extension: &Extension, now: Instant) -> ExtensionFacts {
    let busy = extension.activity().overdue().filter(|busy| busy.stuck);
    let troubles = extension.troubles(now);
    let is_stopped = extension.state() == State::Stopped;
    let shadow = extension.shadow().map(|shadow| shadow.status.get());
    ExtensionFacts {
        name: extension.name.clone(),
        stuck: busy.map(|busy| (busy.what, busy.seconds)),
        stopped: is_stopped.then(|| troubles.last_failure.clone().unwrap_or_default()),
        failing: troubles.last_failure.filter(|_| troubles.is_failing),
        rejected: troubles.rejected,
        shadow: shadow
            .filter(|shadow| shadow.different > 0 || shadow.ended.is_some())
            .map(|shadow| ShadowFacts {
                version: shadow.version,
                different: shadow.different,
                ended: shadow.ended,
            }),
    }
}
