//! The first minute of a new version: the old instance is kept, to go on where it was if the new version fails.
//!
//! Invariant: all that the storage held when the new version took over can be restored, and all items that the new
//! version has handled can be redelivered to the old one, in order. When either grows too long, the probation is over.

use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tig_plugin_api::abi::InstanceBox;

use crate::observe::conditions::StandingCondition;
use crate::plugin::Plugin;
use crate::runtime::command::Successor;
use crate::runtime::event::Event;
use crate::runtime::failure::SwitchError;
use crate::runtime::item::{Delivery, Item, ItemCopy};
use crate::runtime::outbound::QueuedCall;
use crate::runtime::sent::Sent;
use crate::runtime::service_effect::ServiceEffect;
use crate::store::Writes;

/// A new version is on probation for this long.
pub(crate) const PROBATION: Duration = Duration::from_secs(60);

/// Failures that a version on probation may have. One more, a panic or a stuck handler rolls it back.
pub const FAILURES_MAX: u32 = 5;

/// Items that a version on probation may handle; then its probation is over.
pub(crate) const PROBATION_ITEMS_MAX: usize = 100_000;

/// Bytes of handled items, of what was sent and of earlier values of the storage that are kept; then the probation is over.
pub(crate) const PROBATION_BYTES_MAX: usize = 64 << 20;

/// A version as it was installed, or was to be.
pub(crate) struct Installed {
    pub version: String,
    /// Hash of its file.
    pub hash: String,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
}

/// An instance of the old version that can go on where it was.
pub(crate) struct Predecessor {
    /// Its code.
    pub plugin: Plugin,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
    /// Its instance, as it was when the new version took over.
    pub instance: InstanceBox,
    /// Durable events whose handler failed, until the new version takes them over.
    pub unhandled: Vec<Delivery>,
    /// Number of unfinished pieces of work that it had reported.
    pub unfinished: u64,
    /// What it had reported of its state, once its last effects and those of the new version's `new` are applied.
    pub conditions: Arc<OnceLock<Vec<StandingCondition>>>,
}

pub(crate) struct Probation {
    /// Epoch of the runner in which it began.
    pub epoch: u64,
    /// The old version.
    pub predecessor: Predecessor,
    /// The new version.
    version: Installed,
    /// Receives the outcome of the switch, until it is complete.
    pub done: Option<Sender<Result<(), SwitchError>>>,
    ends: Instant,
    failures: u32,
    bytes: usize,
    handled: Vec<ItemCopy>,
    /// The earlier value of each key that the new version has written.
    before: Writes,
    /// What the new version has sent, and what was sent before by one that was rolled back.
    sent: Sent,
    /// Number of items at the front of the mailbox that an earlier rollback has put there.
    waiting: usize,
}

impl Probation {
    /// Begins the probation of `successor` `now`. `sent` is what the old version must not send again, because of an
    /// earlier rollback.
    #[must_use]
    pub(crate) fn new(
        epoch: u64,
        predecessor: Predecessor,
        successor: &Successor,
        sent: Sent,
        now: Instant,
    ) -> Self {
        let plugin = &successor.plugin;
        Self {
            epoch,
            predecessor,
            version: Installed {
                version: plugin.manifest.version.clone(),
                hash: plugin.hash.clone(),
                settings: Arc::clone(&successor.settings),
            },
            done: Some(successor.done.clone()),
            ends: now + PROBATION,
            failures: 0,
            bytes: sent.bytes(),
            handled: Vec::new(),
            before: Writes::new(),
            sent,
            waiting: 0,
        }
    }

    /// Whether the new version has proven itself, or cannot be rolled back any more.
    #[must_use]
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now >= self.ends
            || self.handled.len() >= PROBATION_ITEMS_MAX
            || self.bytes >= PROBATION_BYTES_MAX
    }

    /// Counts a failed handler; `true` if the version must be rolled back.
    pub(crate) fn count_failure(&mut self) -> bool {
        self.failures += 1;
        self.failures > FAILURES_MAX
    }

    /// Records an item that the new version handles.
    pub(crate) fn record_item(&mut self, item: &Item) {
        let copy = ItemCopy::from_item(item);
        self.bytes += copy.bytes();
        self.handled.push(copy);
    }

    /// Records how many items at the front of the mailbox an earlier rollback has put there.
    pub(crate) fn record_waiting(&mut self, waiting: usize) {
        self.waiting = waiting;
    }

    /// Records what the new version sends.
    pub(crate) fn record_sent(&mut self, calls: &[QueuedCall], services: &[ServiceEffect]) {
        self.bytes += self.sent.record(calls, services);
    }

    /// Records the stored values of the keys of `writes` before they are written, as `read` returns them.
    ///
    /// # Errors
    ///
    /// An error of `read`; earlier keys are recorded.
    pub(crate) fn record_writes<E>(
        &mut self,
        writes: &Writes,
        mut read: impl FnMut(&str) -> Result<Option<Arc<[u8]>>, E>,
    ) -> Result<(), E> {
        for key in writes.keys() {
            if !self.before.contains_key(key) {
                let value = read(key)?;
                self.bytes += key.len() + value.as_ref().map_or(0, |value| value.len());
                self.before.insert(key.clone(), value);
            }
        }
        Ok(())
    }

    /// What a rollback needs.
    #[must_use]
    pub(crate) fn into_undo(self) -> Undo {
        let durable = self.handled.iter().filter_map(ItemCopy::durable_event);
        Undo {
            done: self.done,
            version: self.version,
            // What an earlier rollback has left waits right behind what comes again now.
            waiting: self.handled.len() + self.waiting,
            outbox: durable.cloned().collect(),
            items: self
                .handled
                .into_iter()
                .map(ItemCopy::into_redelivery)
                .collect(),
            predecessor: self.predecessor,
            writes: self.before,
            sent: self.sent,
        }
    }
}

/// What a rollback needs to go on as if the new version had never run.
pub(crate) struct Undo {
    /// The old version.
    pub predecessor: Predecessor,
    /// The new version.
    pub version: Installed,
    /// Receives the outcome of the switch, if it is not complete.
    pub done: Option<Sender<Result<(), SwitchError>>>,
    /// Restores the storage.
    pub writes: Writes,
    /// Durable events that were handled and return to the outbox.
    pub outbox: Vec<Arc<Event>>,
    /// Items to be redelivered, in order.
    pub items: Vec<Item>,
    /// Number of items that are handled once more: `items`, and what an earlier rollback has left.
    pub waiting: usize,
    /// What was sent: it cannot be undone, and must not be sent twice.
    pub sent: Sent,
}
