//! Creates instances, restores them from storage after a failure, and restarts them after a panic.

use std::sync::atomic::Ordering;
use std::time::Instant;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::sabi_types::RMut;
use abi_stable::std_types::{RResult, RSlice, RStr};
use tig_plugin_api::abi::{Host_TO, HostRef, InstanceBox, question};
use tig_recording::Switch;
use tracing::{error, warn};

use super::{RESTART_WINDOW, RESTARTS_MAX, Runner};
use crate::observe::status::State;
use crate::plugin::Plugin;
use crate::runtime::effects::Effects;
use crate::runtime::failure::PluginFailure;
use crate::runtime::standing;
use crate::runtime::transaction::Transaction;

impl Runner {
    /// Creates an instance of `plugin` with the runner's settings; also returns the effects of its `new`.
    pub(super) fn create(
        &mut self,
        plugin: &Plugin,
        snapshot: Option<&[u8]>,
        switch: Switch,
    ) -> Result<(InstanceBox, Option<Box<Effects>>), PluginFailure> {
        self.overlay.complete(self.extension.fence.completed());
        let services = &self.shared.services;
        let mut transaction = Transaction::begin(services, &self.extension, &self.overlay);
        transaction.set_event("new");
        let at_ms = services.clock.now_ms();
        if self.notes.is_on() {
            transaction.set_trace(self.notes.take_trace());
        }
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        self.activity.name(&"new".into());
        self.activity.begin();
        let created = plugin.create(host, &self.settings, snapshot);
        self.activity.end();
        self.activity.name(&self.what);
        let trace = transaction.take_trace();
        let effects = transaction.take_effects();
        if let Some(trace) = trace {
            self.record_create((at_ms, plugin, snapshot, switch), &created, trace);
        }
        let instance = created.map_err(|failure| PluginFailure(failure.text.into_string()))?;
        let mut effects = effects;
        let of_new = effects.get_or_insert_default();
        of_new.unfinished.get_or_insert(0);
        of_new.is_of_new = true;
        Ok((instance, effects))
    }

    /// Drops an instance, and logs a panic of its destructor.
    pub(super) fn end(&mut self, instance: Option<InstanceBox>) {
        let Some(mut instance) = instance else {
            return;
        };
        let services = &self.shared.services;
        let mut transaction = Transaction::begin(services, &self.extension, &self.overlay);
        transaction.set_event(question::DROP);
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        let question = RStr::from_str(question::DROP);
        self.activity.name(&question::DROP.into());
        self.activity.begin();
        let asked = instance.ask(host, question, RSlice::EMPTY);
        drop(instance);
        self.activity.end();
        self.activity.name(&self.what);
        if let RResult::RErr(failure) = asked {
            let (extension, event) = (self.name(), question::DROP);
            error!(extension, event, "handler failed: panic: {}", failure.text);
        }
    }

    /// After a panic, rolls a version on probation back, and else restarts the instance.
    pub(super) fn recover(&mut self, reason: &str) {
        let broken = self.instance.take();
        self.end(broken);
        self.extension.restarts.fetch_add(1, Ordering::Relaxed);
        if !self.roll_back(reason) {
            self.restart();
        }
    }

    /// Restores the instance from storage after a handler had asked for effects and failed: its fields may be ahead of
    /// the storage. The number of restores is not bounded, for the extension need not be to blame; only rests are put
    /// in between.
    pub(super) fn restore(&mut self) {
        let failed = self.instance.take();
        self.end(failed);
        self.extension.restores.fetch_add(1, Ordering::Relaxed);
        let created = self.create(&self.plugin.clone(), None, Switch::Restart);
        if !self.is_present() {
            // The runner was replaced while `new` ran.
            return;
        }
        match created {
            Ok((instance, effects)) => {
                warn!(extension = self.name(), "instance restored from storage");
                self.begin_from_storage(instance, effects);
            }
            Err(reason) => {
                let reason = format!("not restored from storage: {reason}");
                if !self.roll_back(&reason) {
                    self.stop_after(&reason);
                }
            }
        }
        // The rest begins after `new`, so that a slow `new` does not count as quiet time.
        self.rest.restored(Instant::now());
    }

    /// Installs an instance that was created without a snapshot. The effects of `new` go first: what stands comes to the instance after them.
    pub(super) fn begin_from_storage(
        &mut self,
        instance: InstanceBox,
        effects: Option<Box<Effects>>,
    ) {
        self.instance = Some(instance);
        self.submit(effects);
        self.deliver_standing_conditions();
    }

    /// An instance that begins from storage learns what stands, if it follows conditions.
    pub(super) fn deliver_standing_conditions(&mut self) {
        if standing::follows(&self.plugin.manifest.events) {
            let redelivered = self.redelivery.waiting();
            let (shared, extension) = (&self.shared, &self.extension);
            let waiting = standing::deliver(shared, extension, &self.refused, redelivered);
            self.set_redelivered(waiting);
        }
    }

    fn stop_after(&self, reason: &str) {
        self.extension.set_state(State::Stopped);
        // Whoever waits would wait until an operator looks.
        let services = &self.shared.services;
        services.commands.end_all(&self.extension.mailbox);
        self.extension.conditions.clear(&self.shared.services);
        error!(
            extension = self.name(),
            "stopped after {reason}; replace its file or reload it to start it again"
        );
    }

    /// Creates the instance again from its storage, unless it has panicked too often.
    fn restart(&mut self) {
        let now = Instant::now();
        self.restarts
            .retain(|&restart| now.duration_since(restart) < RESTART_WINDOW);
        self.restarts.push_back(now);
        let result = if self.restarts.len() > RESTARTS_MAX {
            let seconds = RESTART_WINDOW.as_secs();
            Err(PluginFailure(format!(
                "{RESTARTS_MAX} restarts within {seconds} s"
            )))
        } else {
            self.create(&self.plugin.clone(), None, Switch::Restart)
        };
        match result {
            Ok((instance, effects)) => {
                warn!(extension = self.name(), "instance restarted from storage");
                self.begin_from_storage(instance, effects);
            }
            Err(failure) => self.stop_after(&failure.0),
        }
    }
}
