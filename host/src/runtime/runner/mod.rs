//! Runs one extension on a thread of its own: takes from its mailbox, calls the plugin, hands its effects in.
//!
//! Invariant: a handler is a transaction. Its writes, events and requests take effect together after it has returned `Ok`;
//! on an error or a panic none does. After a panic, and after an error of a handler that had asked for effects, the instance,
//! whose fields may be ahead of what is stored, is restored from its storage.

mod handle;
mod instance;
mod rest;
mod shadow;
mod switch;

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tig_plugin_api::{HttpCall, abi::InstanceBox};

use self::rest::Rest;
use crate::{
    observe::watchdog::Activity,
    plugin::Plugin,
    runtime::{
        command::Command,
        event::HTTP_RESPONSE,
        extension::Extension,
        failure::PluginFailure,
        item::Delivery,
        mailbox::Taken,
        pending_writes::Overlay,
        probation::Probation,
        shadow::{ShadowFeed, compare::Record},
        shared::Shared,
    },
};

/// An extension that panics more often than this within [`RESTART_WINDOW`] is stopped until its file changes.
pub const RESTARTS_MAX: usize = 5;

/// See [`RESTARTS_MAX`].
pub(crate) const RESTART_WINDOW: Duration = Duration::from_secs(60);

pub(crate) struct Runner {
    shared: Arc<Shared>,
    extension: Arc<Extension>,
    /// See [`crate::runtime::fence`].
    epoch: u64,
    activity: Arc<Activity>,
    /// Writes that are on their way to disk.
    overlay: Overlay,
    /// JSON of the instance's settings.
    settings: Arc<[u8]>,
    plugin: Plugin,
    /// `None` while the extension is stopped.
    instance: Option<InstanceBox>,
    /// Durable events that a handler has failed on: they stay in the outbox, for a successor to handle.
    unhandled: Vec<Delivery>,
    restarts: VecDeque<Instant>,
    rest: Rest,
    redelivery: Redelivery,
    /// The candidate that runs beside the instance.
    shadow: Option<ShadowFeed>,
    /// What the handler that runs has come to, for the shadow.
    record: Record,
    inputs: Vec<u64>,
    /// What the watchdog was told last.
    what: Arc<str>,
    /// `http_response`, shared so that it is told apart without comparing texts.
    http_response: Arc<str>,
}

/// What is given to an old version again after the new one has failed.
#[derive(Default)]
struct Redelivery {
    /// Items that are still to come.
    items: usize,
    /// HTTP requests that the new version has sent: they are not sent twice.
    sent: Vec<HttpCall>,
}

impl Runner {
    /// Makes the first instance in `extension`.
    ///
    /// # Errors
    ///
    /// `new` failed.
    pub(crate) fn new(
        shared: Arc<Shared>,
        extension: Arc<Extension>,
        settings: Arc<[u8]>,
        plugin: Plugin,
    ) -> Result<Self, PluginFailure> {
        let epoch = extension.begin_epoch();
        let mut runner = Self::vacant(shared, extension, epoch, settings, plugin);
        let (instance, effects) = runner.create(&runner.plugin.clone(), None)?;
        runner.instance = Some(instance);
        runner.submit(effects);
        Ok(runner)
    }

    /// Goes on with the old version of a `probation` that has failed.
    #[must_use]
    pub(crate) fn resumed(
        shared: Arc<Shared>,
        extension: Arc<Extension>,
        epoch: (u64, Arc<Activity>),
        probation: Probation,
        reason: &str,
    ) -> Self {
        let predecessor = &probation.predecessor;
        let (settings, plugin) = (
            Arc::clone(&predecessor.settings),
            predecessor.plugin.clone(),
        );
        let mut runner = Self::vacant(shared, extension, epoch, settings, plugin);
        runner.resume(probation, reason);
        runner
    }

    fn vacant(
        shared: Arc<Shared>,
        extension: Arc<Extension>,
        (epoch, activity): (u64, Arc<Activity>),
        settings: Arc<[u8]>,
        plugin: Plugin,
    ) -> Self {
        Self {
            shared,
            extension,
            epoch,
            activity,
            overlay: Overlay::default(),
            settings,
            plugin,
            instance: None,
            unhandled: Vec::new(),
            restarts: VecDeque::new(),
            rest: Rest::default(),
            redelivery: Redelivery::default(),
            shadow: None,
            record: Record::default(),
            inputs: Vec::new(),
            what: "".into(),
            http_response: HTTP_RESPONSE.into(),
        }
    }

    /// Runs until it is stopped, or another works in its place.
    pub(crate) fn run(mut self) {
        self.extension.meters.set_thread();
        while self.is_present() {
            let taken = match self.rest.pending() {
                Some(until) => self
                    .extension
                    .mailbox
                    .take_command(until)
                    .map(Taken::Command),
                None => Some(self.extension.mailbox.take()),
            };
            if let Some(taken) = taken
                && !self.turn(taken)
            {
                return;
            }
        }
    }

    /// Handles the next thing that waits; `false` if nothing does, or it was to stop.
    pub(crate) fn step(&mut self) -> bool {
        match self.extension.mailbox.try_take() {
            Some(taken) => self.turn(taken),
            None => false,
        }
    }

    /// Handles one thing; `false` if it was to stop.
    fn turn(&mut self, taken: Taken) -> bool {
        match taken {
            Taken::Command(Command::Stop) => {
                let instance = self.instance.take();
                self.end(instance);
                return false;
            }
            Taken::Command(Command::Swap(successor)) => self.swap(*successor),
            Taken::Command(Command::Confirm) => self.confirm(Instant::now()),
            Taken::Command(Command::StartShadow(order)) => self.begin_shadow(*order),
            Taken::Command(Command::EndShadow) => self.shadow = None,
            Taken::Item(item) => {
                self.handle(item);
                self.extension.handled.fetch_add(1, Ordering::Relaxed);
            }
        }
        true
    }

    /// Its place.
    pub(crate) fn extension(&self) -> &Extension {
        &self.extension
    }

    /// What its instance is made of.
    pub(crate) fn installed(&self) -> (Plugin, Arc<[u8]>) {
        (self.plugin.clone(), Arc::clone(&self.settings))
    }

    /// Name of the extension.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.extension.name
    }

    /// Nobody else works in its place.
    fn is_present(&self) -> bool {
        self.extension.fence.is_current(self.epoch)
    }
}
