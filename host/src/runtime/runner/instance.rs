//! Instances: made, restored from storage after a failure, and made anew after a panic.

use std::{sync::atomic::Ordering, time::Instant};

use abi_stable::{
    sabi_trait::TD_Opaque,
    sabi_types::RMut,
    std_types::{RResult, RSlice, RStr},
};
use tig_plugin_api::abi::{Host_TO, HostRef, InstanceBox, question};
use tracing::{error, warn};

use super::{RESTART_WINDOW, RESTARTS_MAX, Runner};
use crate::{
    observe::status::State,
    plugin::Plugin,
    runtime::{effects::Effects, failure::PluginFailure, transaction::Transaction},
};

impl Runner {
    /// Makes an instance of `plugin`, with the runner's settings; also returns what its `new` asks for.
    pub(super) fn create(
        &mut self,
        plugin: &Plugin,
        snapshot: Option<&[u8]>,
    ) -> Result<(InstanceBox, Option<Box<Effects>>), PluginFailure> {
        self.overlay.complete(self.extension.fence.completed());
        let services = &self.shared.services;
        let mut transaction = Transaction::begin(services, &self.extension, &self.overlay);
        transaction.set_event("new");
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        self.activity.name(&"new".into());
        self.activity.begin();
        let created = plugin.create(host, &self.settings, snapshot);
        self.activity.end();
        self.activity.name(&self.what);
        let instance = created.map_err(|failure| PluginFailure(failure.text.into_string()))?;
        let mut effects = transaction.take_effects();
        effects.get_or_insert_default().unfinished.get_or_insert(0);
        Ok((instance, effects))
    }

    /// Drops an instance, and tells of a panic in its destructor.
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

    /// After a panic: brings the old version back if the present one is on probation, else makes the instance anew.
    pub(super) fn recover(&mut self, reason: &str) {
        let broken = self.instance.take();
        self.end(broken);
        self.extension.restarts.fetch_add(1, Ordering::Relaxed);
        if !self.roll_back(reason) {
            self.restart();
        }
    }

    /// After a handler has failed that had asked for effects: its fields may be ahead of what is stored. This may happen any
    /// number of times, for it need not be a fault of the extension; it only rests in between.
    pub(super) fn restore(&mut self) {
        let failed = self.instance.take();
        self.end(failed);
        self.extension.restores.fetch_add(1, Ordering::Relaxed);
        let created = self.create(&self.plugin.clone(), None);
        if !self.is_present() {
            // `new` took so long that another runner works on.
            return;
        }
        match created {
            Ok((instance, effects)) => {
                warn!(extension = self.name(), "instance restored from storage");
                self.instance = Some(instance);
                self.submit(effects);
            }
            Err(reason) => {
                let reason = format!("not restored from storage: {reason}");
                if !self.roll_back(&reason) {
                    self.stop_after(&reason);
                }
            }
        }
        // Measured from here, so that a slow `new` is not taken for quiet.
        self.rest.restored(Instant::now());
    }

    fn stop_after(&self, reason: &str) {
        self.extension.set_state(State::Stopped);
        error!(
            extension = self.name(),
            "stopped after {reason}; replace its file or reload it to start it again"
        );
    }

    /// Makes the instance anew from its storage, unless that has happened too often.
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
            self.create(&self.plugin.clone(), None)
        };
        match result {
            Ok((instance, effects)) => {
                warn!(extension = self.name(), "the instance was made anew");
                self.instance = Some(instance);
                self.submit(effects);
            }
            Err(failure) => self.stop_after(&failure.0),
        }
    }
}
