//! Runs one extension on a thread of its own: takes from its mailbox, calls the plugin, hands its effects in.
//!
//! Invariant: a handler is a transaction. Its writes, events and requests take effect together after it has returned `Ok`;
//! on an error or a panic none does. After a panic the instance, whose fields may be half changed, is made anew.

mod handle;
mod instance;

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tig_plugin_api::abi::InstanceBox;

use crate::{
    committer::Committer,
    event::HTTP_RESPONSE,
    http_client::HttpClient,
    mailbox::{Command, Delivery, Taken},
    overlay::Overlay,
    plugin::Plugin,
    slot::Slot,
    transaction::Services,
};

/// An extension that panics more often than this within [`RESTART_WINDOW`] is stopped until its file changes.
pub const RESTARTS_MAX: usize = 5;

/// See [`RESTARTS_MAX`].
pub const RESTART_WINDOW: Duration = Duration::from_secs(60);

/// What all runners share.
pub struct Shared {
    /// See [`Services`].
    pub services: Services,
    /// See [`Committer`].
    pub committer: Committer,
    /// See [`HttpClient`].
    pub http: HttpClient,
}

impl Shared {
    /// The extension that answers a request, if any.
    #[must_use]
    pub fn answers(&self, method: &str, path: &str) -> Option<Arc<Slot>> {
        let slots = self.services.bus.slots();
        slots.into_iter().find(|slot| slot.answers(method, path))
    }
}

/// See the module's documentation.
pub struct Runner {
    shared: Arc<Shared>,
    slot: Arc<Slot>,
    /// Its number at the slot's desk.
    tenure: u64,
    /// Another works in its place: it is to end.
    replaced: bool,
    /// Writes that are on their way to disk.
    overlay: Overlay,
    /// JSON of the instance's settings.
    settings: Vec<u8>,
    plugin: Plugin,
    /// `None` while the extension is stopped.
    instance: Option<InstanceBox>,
    /// Durable events that a handler has failed on: they stay in the outbox, for a successor to handle.
    unhandled: Vec<Delivery>,
    restarts: VecDeque<Instant>,
    /// What the watchdog was told last.
    what: Arc<str>,
    /// `http_response`, shared so that it is told apart without comparing texts.
    http_response: Arc<str>,
}

impl Runner {
    /// Makes the first instance in `slot`.
    ///
    /// # Errors
    ///
    /// The text says why `new` failed.
    pub fn new(
        shared: Arc<Shared>,
        slot: Arc<Slot>,
        settings: Vec<u8>,
        plugin: Plugin,
    ) -> Result<Self, String> {
        let mut runner = Self {
            tenure: slot.desk.take_over(),
            shared,
            slot,
            replaced: false,
            overlay: Overlay::default(),
            settings,
            plugin: plugin.clone(),
            instance: None,
            unhandled: Vec::new(),
            restarts: VecDeque::new(),
            what: "".into(),
            http_response: HTTP_RESPONSE.into(),
        };
        runner.instance = Some(runner.create(&plugin, None)?);
        Ok(runner)
    }

    /// Runs until it is stopped.
    pub fn run(mut self) {
        while !self.replaced {
            match self.slot.mailbox.take() {
                Taken::Command(Command::Stop) => return,
                Taken::Command(Command::Swap(plugin, done)) => self.swap(plugin, &done),
                Taken::Item(item) => {
                    self.handle(item);
                    self.slot.handled.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }

    /// Name of the extension.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.slot.name
    }
}
