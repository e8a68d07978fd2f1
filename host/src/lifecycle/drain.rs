//! Draining: extensions begin nothing new and finish what they have begun; then the host can end without loss of time.
//!
//! The host knows nothing of what its extensions do, so it asks them: it publishes [`DRAIN`], again and again for the sake
//! of new instances, and waits until each says that nothing is unfinished and has nothing left to handle.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tracing::warn;

use crate::{
    observe::status::State,
    runtime::{event::Kind, extension::Extension, shared::Shared},
};

/// Event that asks extensions to begin nothing new.
pub const DRAIN: &str = "drain";

/// The event is published this often while a host drains.
const REPEAT: Duration = Duration::from_secs(5);

/// Extensions are looked at this often.
const POLL: Duration = Duration::from_millis(25);

/// What is unfinished when a host ends: names of extensions and their counts.
pub(crate) type Unfinished = Vec<(String, u64)>;

#[derive(Clone)]
pub(crate) struct Drain {
    shared: Arc<Shared>,
    /// When the host ends whatever is unfinished; `None` before a drain is asked for.
    asked: watch::Sender<Option<Limit>>,
}

/// `None`: there is no limit.
type Limit = Option<Instant>;

impl Drain {
    /// Nobody has asked for a drain yet.
    #[must_use]
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            asked: watch::Sender::new(None),
        }
    }

    /// Asks for a drain of at most `max`. A later call can bring the end nearer, not put it off.
    pub(crate) fn request(&self, max: Option<Duration>) {
        let limit = max.map(|max| Instant::now() + max);
        self.asked.send_modify(|asked| {
            let earlier = asked.flatten();
            *asked = Some(earlier.into_iter().chain(limit).min());
        });
    }

    /// Whether a drain was asked for.
    #[must_use]
    pub(crate) fn is_requested(&self) -> bool {
        self.asked.borrow().is_some()
    }

    /// What extensions say they have not finished.
    #[must_use]
    pub(crate) fn unfinished(&self) -> Unfinished {
        let extensions = self.shared.services.bus.extensions();
        let counts = extensions
            .iter()
            .map(|extension| (extension.name.clone(), extension.meters.unfinished()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Waits until a drain is asked for and done, or its time is over; returns what is unfinished then.
    pub(crate) async fn wait_done(&self) -> Unfinished {
        let mut asked = self.asked.subscribe();
        // The sender is this very object.
        let _ = asked.wait_for(Option::is_some).await;
        let mut next = Instant::now();
        let mut before = None;
        loop {
            if Instant::now() >= next {
                next += REPEAT;
                // Only the latest one waits, so there is always room.
                let emitted = self.shared.services.bus.emit(DRAIN, b"{}", Kind::Latest);
                if let Err(full) = emitted {
                    warn!("{full}");
                }
            }
            tokio::time::sleep(POLL).await;
            let now = self.handled_if_idle();
            let limit = asked.borrow().flatten();
            // Twice the same: nothing was on its way between two places.
            if (now.is_some() && now == before)
                || limit.is_some_and(|limit| limit <= Instant::now())
            {
                return self.unfinished();
            }
            before = now;
        }
    }

    /// How much each extension has handled, if none has anything to do.
    fn handled_if_idle(&self) -> Option<Vec<u64>> {
        let extensions = self.shared.services.bus.extensions();
        extensions
            .iter()
            .map(|extension| handled_unless_busy(extension))
            .collect()
    }
}

/// A stopped extension will finish nothing any more.
fn handled_unless_busy(extension: &Extension) -> Option<u64> {
    let status = extension.status();
    let is_idle = status.unfinished == 0
        && status.waiting == 0
        && extension.calls() == 0
        && extension.fence.in_flight() == 0
        && !extension.activity().is_running();
    (is_idle || status.state == State::Stopped).then_some(status.handled)
}
