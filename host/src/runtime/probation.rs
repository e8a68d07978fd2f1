//! The first minute of a new version: the old one is kept warm, to go on where it was if the new one fails.
//!
//! Invariant: what the storage held when the new version took over can be put back, and all that was given to the new
//! version can be given to the old one again, in order. When either grows too long, probation is over.

use std::{
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant},
};

use tig_plugin_api::{HttpCall, HttpRequest, abi::InstanceBox};

use crate::{
    plugin::Plugin,
    runtime::{
        event::Event,
        failure::SwitchError,
        mailbox::{Delivery, Item},
    },
    store::Writes,
};

/// A new version is on probation for this long.
pub(crate) const PROBATION: Duration = Duration::from_secs(60);

/// Handlers that may fail in this time; one more, or one panic, or one that is stuck, brings the old version back.
pub const FAILURES_MAX: u32 = 5;

/// Probation is over when more was given to the new version than this.
pub(crate) const ITEMS_MAX: usize = 100_000;

/// As [`ITEMS_MAX`], in bytes of responses, requests and earlier values of the storage.
pub(crate) const BYTES_MAX: usize = 64 << 20;

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

/// Something that was given to the new version.
enum Given {
    Event(Arc<Event>),
    Response(Arc<[u8]>),
    Request(Box<HttpRequest>),
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
    given: Vec<Given>,
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
            given: Vec::new(),
            before: Writes::new(),
            sent: Vec::new(),
        }
    }

    /// The new version has shown that it works, or cannot be taken back any more.
    #[must_use]
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        now >= self.ends || self.given.len() >= ITEMS_MAX || self.bytes >= BYTES_MAX
    }

    /// Counts a failed handler; `true` if it is one too many.
    pub(crate) fn fail(&mut self) -> bool {
        self.failures += 1;
        self.failures > FAILURES_MAX
    }

    /// Remembers what is given to the new version.
    pub(crate) fn give(&mut self, item: &Item) {
        self.given.push(match item {
            Item::Event(delivery) => Given::Event(Arc::clone(&delivery.event)),
            Item::Response(response) => {
                self.bytes += response.len();
                Given::Response(Arc::clone(response))
            }
            Item::Request(request, _) => {
                self.bytes += request.body.len();
                Given::Request(request.clone())
            }
        });
    }

    /// Remembers what the storage holds for the keys of `writes`, before they are written; `read` tells.
    ///
    /// # Errors
    ///
    /// What `read` returns; the keys before it are remembered.
    pub(crate) fn write<E>(
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
    pub(crate) fn undo(self) -> Undo {
        let durable = self.given.iter().filter_map(|given| match given {
            Given::Event(event) if event.outbox_id.is_some() => Some(Arc::clone(event)),
            _ => None,
        });
        Undo {
            done: self.done,
            outbox: durable.collect(),
            items: self.given.into_iter().map(again).collect(),
            predecessor: self.predecessor,
            writes: self.before,
            sent: self.sent,
        }
    }
}

/// See [`Probation::undo`].
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

/// As it is given again. A request was answered already: nobody waits for its answer.
fn again(given: Given) -> Item {
    match given {
        Given::Event(event) => Item::Event(Delivery {
            event,
            redelivered: true,
        }),
        Given::Response(response) => Item::Response(response),
        Given::Request(request) => Item::Request(request, None),
    }
}
