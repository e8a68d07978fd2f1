//! Drains a host: extensions finish their work and begin no more; then the host can end without loss of time.
//!
//! The host does not know what its extensions do, so it asks them: it publishes [`DRAIN`], repeatedly for the sake of
//! new instances, and waits until each has reported that nothing is unfinished and has no items left.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tig_process::service_manager::service_manager;
use tokio::sync::watch;
use tracing::warn;

use crate::observe::status::State;
use crate::runtime::event::Kind;
use crate::runtime::extension::Extension;
use crate::runtime::shared::Shared;

/// Event that asks extensions to begin nothing new.
pub const DRAIN: &str = "drain";

/// Time between two `drain` events.
const REPEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Time that a service manager gives a drain at each repetition: one that goes on is not killed, a host that hangs is.
const EXTENSION: Duration = Duration::from_secs(60);

/// Time between two checks of the extensions.
const CHECK_INTERVAL: Duration = Duration::from_millis(25);

/// Names of extensions with unfinished work, and how much.
pub(crate) type Unfinished = Vec<(String, u64)>;

#[derive(Clone)]
pub(crate) struct Drain {
    shared: Arc<Shared>,
    /// When the host ends whatever is unfinished; `None` before a drain is requested.
    asked: watch::Sender<Option<Limit>>,
}

/// `None`: no limit.
type Limit = Option<Instant>;

impl Drain {
    /// A drain that is not requested yet.
    #[must_use]
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            asked: watch::Sender::new(None),
        }
    }

    /// Requests a drain of at most `max`. A later request can only bring the end nearer.
    pub(crate) fn request(&self, max: Option<Duration>) {
        // An end beyond the clock's range never comes: no limit.
        let limit = max.and_then(|max| Instant::now().checked_add(max));
        self.asked.send_modify(|asked| {
            let earlier = asked.flatten();
            *asked = Some(earlier.into_iter().chain(limit).min());
        });
    }

    /// Whether a drain was requested.
    #[must_use]
    pub(crate) fn is_requested(&self) -> bool {
        self.asked.borrow().is_some()
    }

    /// The unfinished work of the extensions.
    #[must_use]
    pub(crate) fn unfinished(&self) -> Unfinished {
        let extensions = self.shared.services.bus.extensions();
        let counts = extensions
            .iter()
            .map(|extension| (extension.name.clone(), extension.meters.unfinished()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Waits until a drain is requested and done, or its time is over; returns the work that is unfinished then.
    pub(crate) async fn wait_done(&self) -> Unfinished {
        let mut asked = self.asked.subscribe();
        // The sender is a field of this very value.
        let _ = asked.wait_for(Option::is_some).await;
        let mut next = Instant::now();
        let mut before = None;
        loop {
            if Instant::now() >= next {
                next += REPEAT_INTERVAL;
                service_manager().stopping(EXTENSION);
                // Only the latest `drain` waits in a mailbox, so there is always room.
                let emitted = self.shared.services.bus.emit(DRAIN, b"{}", Kind::Latest);
                if let Err(full) = emitted {
                    warn!("{full}");
                }
            }
            tokio::time::sleep(CHECK_INTERVAL).await;
            let now = self.handled_if_idle();
            let limit = asked.borrow().flatten();
            // Two equal checks in a row: no item was between two mailboxes.
            if (now.is_some() && now == before)
                || limit.is_some_and(|limit| limit <= Instant::now())
            {
                return self.unfinished();
            }
            before = now;
        }
    }

    /// Number of items that each extension has handled, if all are idle.
    fn handled_if_idle(&self) -> Option<Vec<u64>> {
        let extensions = self.shared.services.bus.extensions();
        extensions
            .iter()
            .map(|extension| handled_unless_busy(extension))
            .collect()
    }
}

/// Number of handled items, unless the extension is busy. A stopped one counts as idle: it finishes nothing any more.
fn handled_unless_busy(extension: &Extension) -> Option<u64> {
    let status = extension.status();
    let is_idle = status.unfinished == 0
        && status.waiting == 0
        && extension.calls() == 0
        && extension.fence.in_flight() == 0
        && !extension.activity().is_running();
    (is_idle || status.state == State::Stopped).then_some(status.handled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn drain_without_end_has_no_limit() {
        let drain = Drain::new(Shared::offline(Store::in_memory().unwrap()));
        drain.request(Some(Duration::from_secs(u64::MAX)));
        assert!(drain.is_requested());
        assert_eq!(*drain.asked.borrow(), Some(None));
        drain.request(Some(Duration::from_secs(1)));
        assert!(matches!(*drain.asked.borrow(), Some(Some(_))));
    }
}
