//! The first minute of a new version: the old one is kept warm, to go on where it was if the new one fails.
//!
//! Invariant: what the storage held when the new version took over can be put back, and all that was given to the new
//! version can be given to the old one again, in order. When either grows too long, probation is over.

use std::{
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant},
};

use tig_plugin_api::{HttpCall, abi::InstanceBox};

use crate::{
    plugin::Plugin,
    runtime::{
        event::Event,
        failure::SwitchError,
        item::{Item, ItemCopy},
    },
    store::Writes,
};

/// A new version is on probation for this long.
pub(crate) const PROBATION: Duration = Duration::from_secs(60);

/// Handlers that may fail in this time; one more, or one panic, or one that is stuck, brings the old version back.
pub const FAILURES_MAX: u32 = 5;

/// Probation is over when more was given to the new version than this.
pub(crate) const PROBATION_ITEMS_MAX: usize = 100_000;

/// As [`PROBATION_ITEMS_MAX`], in bytes of responses, requests and earlier values of the storage.
pub(crate) const PROBATION_BYTES_MAX: usize = 64 << 20;

/// A version that can go on where it was.
pub(crate) struct Predecessor {
    /// Its code.
    pub plugin: Plugin,
    /// JSON of its settings.
    pub settings: Arc<[u8]>,
    /// Its instance, as it was when the new version took over.
    pub instance: InstanceBox,
    /// What it had said that it has not finished.
    pub unfinished: u64,
}

pub(crate) struct Probation {
    /// Epoch of the runner in which it began.
    pub epoch: u64,
    /// Who goes on if the new version fails.
    pub predecessor: Predecessor,
    /// Who waits for the switch, until it has happened.
    pub done: Option<Sender<Result<(), SwitchError>>>,
    ends: Instant,
    failures: u32,
    bytes: usize,
    handled: Vec<ItemCopy>,
    /// For each key that was written, what was there before.
    before: Writes,
    /// HTTP requests of the new version.
    pub sent: Vec<HttpCall>,
}

impl Probation {
    /// Begins now.
    #[must_use]
    pub(crate) fn new(
        epoch: u64,
        predecessor: Predecessor,
        done: Sender<Result<(), SwitchError>>,
        now: Instant,
    ) -> Self {
        Self {
            epoch,
            predecessor,
            done: Some(done),
            ends: now + PROBATION,
            failures: 0,
            bytes: 0,
            handled: Vec::new(),
            before: Writes::new(),
            sent: Vec::new(),
        }
    }

    /// The new version has shown that it works, or cannot be taken back any more.
    #[must_use]
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now >= self.ends
            || self.handled.len() >= PROBATION_ITEMS_MAX
            || self.bytes >= PROBATION_BYTES_MAX
    }

    /// Counts a failed handler; `true` if it is one too many.
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

    /// Remembers what the storage holds for the keys of `writes`, before they are written; `read` tells.
    ///
    /// # Errors
    ///
    /// What `read` returns; the keys before it are remembered.
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

    /// What is needed to go on as if the new version had never been.
    #[must_use]
    pub(crate) fn into_undo(self) -> Undo {
        let durable = self.handled.iter().filter_map(ItemCopy::durable_event);
        Undo {
            done: self.done,
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

/// See [`Probation::into_undo`].
pub(crate) struct Undo {
    /// Who goes on.
    pub predecessor: Predecessor,
    /// Who still waits for the switch.
    pub done: Option<Sender<Result<(), SwitchError>>>,
    /// Puts the storage back.
    pub writes: Writes,
    /// Durable events that were handled and will be again.
    pub outbox: Vec<Arc<Event>>,
    /// What is to be given again, in order.
    pub items: Vec<Item>,
    /// HTTP requests that left the machine: they cannot be taken back, and must not be sent twice.
    pub sent: Vec<HttpCall>,
}
