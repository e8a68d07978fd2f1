//! Runs one extension on its own thread: takes items from its mailbox, calls the plugin, submits the effects.
//!
//! Invariant: a handler is a transaction. Its writes, events and requests take effect together after it has returned
//! `Ok`; after an error or a panic none does. After a panic, and after an error of a handler that had asked for
//! effects, the instance is restored from its storage, because its fields may be ahead of it.

mod handle;
mod instance;
mod recording;
mod redelivery;
mod rest;
mod shadow;
mod switch;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tig_plugin_api::Route;
use tig_plugin_api::abi::InstanceBox;
use tig_recording::Switch;

use self::redelivery::Redelivery;
use self::rest::Rest;
use crate::observe::handler_times::Stopwatch;
use crate::observe::watchdog::Activity;
use crate::plugin::Plugin;
use crate::runtime::command::Command;
use crate::runtime::event::{HTTP_RESPONSE, TIMER, WS};
use crate::runtime::extension::Extension;
use crate::runtime::failure::PluginFailure;
use crate::runtime::item::Delivery;
use crate::runtime::mailbox::Taken;
use crate::runtime::pending_writes::Overlay;
use crate::runtime::probation::Probation;
use crate::runtime::recorder::Notes;
use crate::runtime::shadow::ShadowFeed;
use crate::runtime::shadow::compare::Record;
use crate::runtime::shared::Shared;
use crate::runtime::standing::Refused;

/// An extension that panics more often than this within `RESTART_WINDOW` is stopped until its file changes.
pub const RESTARTS_MAX: usize = 5;

/// See [`RESTARTS_MAX`].
pub(crate) const RESTART_WINDOW: Duration = Duration::from_secs(60);

pub(crate) struct Runner {
    shared: Arc<Shared>,
    extension: Arc<Extension>,
    /// See [`crate::runtime::fence`].
    epoch: u64,
    activity: Arc<Activity>,
    /// Writes of the transactions in flight.
    overlay: Overlay,
    /// JSON of the instance's settings.
    settings: Arc<[u8]>,
    plugin: Plugin,
    /// `None` while the extension is stopped.
    instance: Option<InstanceBox>,
    /// Durable events whose handler failed: they stay in the outbox, for a new version to handle.
    unhandled: Vec<Delivery>,
    restarts: VecDeque<Instant>,
    rest: Rest,
    redelivery: Redelivery,
    /// Standing conditions that the version has failed to handle.
    refused: Refused,
    /// The shadow of the instance.
    shadow: Option<ShadowFeed>,
    /// What the present handler has done, for the shadow.
    record: Record,
    inputs: Vec<u64>,
    /// Records the calls of the instance.
    notes: Notes,
    /// The name that the watchdog has.
    what: Arc<str>,
    /// Times the handler of this name.
    stopwatch: Stopwatch,
    /// The routes of `plugin`.
    routes: Vec<Route>,
    /// Names of the host's own events, shared so that a comparison of pointers recognises them.
    own_events: OwnEvents,
}

/// Names of events that only the host emits, for one extension each.
struct OwnEvents {
    http_response: Arc<str>,
    timer: Arc<str>,
    ws: Arc<str>,
}

impl Default for OwnEvents {
    fn default() -> Self {
        Self {
            http_response: HTTP_RESPONSE.into(),
            timer: TIMER.into(),
            ws: WS.into(),
        }
    }
}

fn routes(plugin: &Plugin) -> Vec<Route> {
    let routes = plugin.manifest.routes.iter();
    routes.filter_map(|route| Route::parse(route)).collect()
}

impl Runner {
    /// Creates the first instance of `extension`.
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
        runner.follow_recorder();
        let (instance, effects) = runner.create(&runner.plugin.clone(), None, Switch::Restart)?;
        runner.begin_from_storage(instance, effects);
        Ok(runner)
    }

    /// Goes on with the old version after a rollback of `probation`.
    #[must_use]
    pub(crate) fn resume_old(
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
        let begins = runner.begin_recording();
        runner.resume(probation, reason);
        if begins {
            runner.record_instance();
        }
        runner
    }

    fn vacant(
        shared: Arc<Shared>,
        extension: Arc<Extension>,
        (epoch, activity): (u64, Arc<Activity>),
        settings: Arc<[u8]>,
        plugin: Plugin,
    ) -> Self {
        let routes = routes(&plugin);
        let notes = Notes::new(&shared.services.recorder, &extension, epoch);
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
            refused: Refused::default(),
            shadow: None,
            record: Record::default(),
            inputs: Vec::new(),
            notes,
            what: "".into(),
            stopwatch: Stopwatch::of(Arc::default()),
            routes,
            own_events: OwnEvents::default(),
        }
    }

    /// Handles commands and items until it is stopped or replaced.
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

    /// Handles the next command or item; `false` if none waits, or it was to stop.
    pub(crate) fn step(&mut self) -> bool {
        match self.extension.mailbox.try_take() {
            Some(taken) => self.turn(taken),
            None => false,
        }
    }

    /// Handles one command or item; `false` if it was to stop.
    fn turn(&mut self, taken: Taken) -> bool {
        self.follow_recorder();
        match taken {
            Taken::Command(Command::Stop(ended)) => {
                let instance = self.instance.take();
                self.record_stop();
                self.end(instance);
                self.shared.services.end_all(&self.extension);
                // Who asked may wait no longer.
                let _ = ended.send(());
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

    /// The extension that it runs.
    pub(crate) fn extension(&self) -> &Extension {
        &self.extension
    }

    /// Code and settings of the instance.
    pub(crate) fn installed(&self) -> (Plugin, Arc<[u8]>) {
        (self.plugin.clone(), Arc::clone(&self.settings))
    }

    /// Name of the extension.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.extension.name
    }

    /// Whether no other runner has replaced this one.
    fn is_present(&self) -> bool {
        self.extension.fence.is_current(self.epoch)
    }
}
