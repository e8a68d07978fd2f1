//! Instances: made, made anew after a panic, replaced by those of another version.

use std::{sync::atomic::Ordering, sync::mpsc::Sender, time::Instant};

use abi_stable::{sabi_trait::TD_Opaque, sabi_types::RMut, std_types::RResult};
use tig_plugin_api::abi::{Host_TO, HostRef, InstanceBox};
use tracing::{error, info, warn};

use super::{RESTART_WINDOW, RESTARTS_MAX, Runner};
use crate::{plugin::Plugin, status::State, transaction::Transaction};

impl Runner {
    /// Makes an instance of `plugin`; what its `new` asks for takes place.
    pub(super) fn create(
        &mut self,
        plugin: &Plugin,
        snapshot: Option<&[u8]>,
    ) -> Result<InstanceBox, String> {
        self.overlay.settle(self.slot.desk.settled());
        let services = &self.shared.services;
        let mut transaction = Transaction::begin(services, &self.slot, &self.overlay);
        let host: HostRef<'_> = Host_TO::from_ptr(RMut::new(&mut transaction), TD_Opaque);
        self.slot.activity.name(&"new".into());
        self.slot.activity.begin();
        let created = plugin.create(host, &self.settings, snapshot);
        self.slot.activity.end();
        self.slot.activity.name(&self.what);
        let instance = created.map_err(|failure| failure.text.into_string())?;
        let mut effects = transaction.into_effects();
        effects.unfinished.get_or_insert(0);
        self.hand_in(effects);
        Ok(instance)
    }

    /// Makes the instance anew from its storage, unless that has happened too often.
    pub(super) fn restart(&mut self) {
        self.instance = None;
        self.slot.restarts.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        self.restarts
            .retain(|&restart| now.duration_since(restart) < RESTART_WINDOW);
        self.restarts.push_back(now);
        let result = if self.restarts.len() > RESTARTS_MAX {
            let seconds = RESTART_WINDOW.as_secs();
            Err(format!("{RESTARTS_MAX} restarts within {seconds} s"))
        } else {
            self.create(&self.plugin.clone(), None)
        };
        match result {
            Ok(instance) => self.instance = Some(instance),
            Err(reason) => {
                self.slot.set_state(State::Stopped);
                error!(
                    extension = self.name(),
                    "stopped after {reason}; replace its file or reload it to start it again"
                );
            }
        }
    }

    /// Puts an instance of `plugin` in the place of the present one, with its state. On failure the present one goes on.
    pub(super) fn swap(&mut self, plugin: Plugin, done: &Sender<Result<(), String>>) {
        let result = self.successor(&plugin).map(|instance| {
            let bus = &self.shared.services.bus;
            bus.subscribe(&self.slot, &plugin.manifest.events);
            self.slot.seat(&plugin);
            self.plugin = plugin;
            self.instance = Some(instance);
            self.restarts.clear();
            // The new version may have an answer.
            self.slot.held().wake(u64::MAX);
            let unhandled = std::mem::take(&mut self.unhandled);
            if !unhandled.is_empty() {
                info!(
                    extension = self.name(),
                    "{} events are given again",
                    unhandled.len()
                );
            }
            self.slot.mailbox.put_events_first(unhandled);
        });
        if done.send(result).is_err() {
            warn!(
                extension = self.name(),
                "nobody waits for the new version any more"
            );
        }
    }

    fn successor(&mut self, plugin: &Plugin) -> Result<InstanceBox, String> {
        let snapshot = match self.instance.as_mut().map(|instance| instance.snapshot()) {
            None => None,
            Some(RResult::ROk(snapshot)) => snapshot.into_option(),
            Some(RResult::RErr(failure)) => {
                return Err(format!(
                    "the running version cannot hand its state over: {}",
                    failure.text
                ));
            }
        };
        self.create(plugin, snapshot.as_ref().map(|state| state.as_slice()))
    }
}
