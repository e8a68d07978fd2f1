//! Switches from one version to another, and back if the new one fails on probation.

use std::sync::mpsc::SendError;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use abi_stable::std_types::{ROption, RResult, RVec};
use tig_plugin_api::abi::{Failure, InstanceBox};
use tig_recording::Switch;
use tracing::{info, warn};

use super::Runner;
use super::redelivery::Redelivery;
use super::rest::Rest;
use crate::observe::conditions::StandingCondition;
use crate::observe::status::State;
use crate::runtime::announcement;
use crate::runtime::command::{Retry, Successor};
use crate::runtime::effects::Effects;
use crate::runtime::failure::{PluginFailure, SwitchError};
use crate::runtime::item::Item;
use crate::runtime::probation::{PROBATION, Predecessor, Probation, Undo};
use crate::runtime::standing::{self, Refused};

impl Runner {
    /// Replaces the instance by a successor with its state. If that fails, the present instance goes on.
    pub(super) fn swap(&mut self, successor: Successor) {
        let begin = Instant::now();
        if self.is_on_probation_as(&successor) {
            // Asked for while the switch to it was under way: a second one would confirm it at once.
            return self.reply_to(&successor, Ok(()));
        }
        if let Some(reason) = self.refusal(&successor) {
            return self.reply_to(&successor, Err(SwitchError::NotRetried(reason)));
        }
        self.end_probation();
        let snapshot = match self.snapshot() {
            None => None,
            Some(RResult::ROk(snapshot)) => snapshot.into_option(),
            Some(RResult::RErr(failure)) => {
                let failure = PluginFailure(failure.text.into_string());
                return self.reply_to(&successor, Err(SwitchError::Snapshot(failure)));
            }
        };
        let conditions = Arc::new(OnceLock::new());
        let on_probation = self.keep_instance(&successor, &conditions);
        let settings = std::mem::replace(&mut self.settings, Arc::clone(&successor.settings));
        let state = snapshot.as_ref().map(|state| state.as_slice());
        let switch = if on_probation {
            Switch::Probation
        } else {
            Switch::Restart
        };
        let created = self.create(&successor.plugin, state, switch);
        if !self.is_present() {
            return;
        }
        // What an earlier instance has heard of conditions goes on in the state that it hands over.
        let knows_conditions =
            snapshot.is_some() && standing::follows(&self.plugin.manifest.events);
        match created {
            Ok((instance, mut effects)) => {
                effects.get_or_insert_default().replaces = Some(conditions);
                self.install(&successor, instance, on_probation);
                self.extension.switched(begin.elapsed());
                self.submit(effects);
                if !knows_conditions {
                    self.deliver_standing_conditions();
                }
                self.reply_to(&successor, Ok(()));
            }
            Err(reason) => {
                if let Some(probation) = self.extension.end_probation(self.epoch) {
                    self.instance = Some(probation.predecessor.instance);
                    self.unhandled = probation.predecessor.unhandled;
                }
                self.settings = settings;
                self.reply_to(&successor, Err(reason.into()));
            }
        }
    }

    /// Whether the instance is on probation, with the code and the settings of `successor`.
    fn is_on_probation_as(&self, successor: &Successor) -> bool {
        let is_there = || Some(self.extension.probation()?.is_some());
        is_there() == Some(true)
            && self.plugin.hash == successor.plugin.hash
            && !self.extension.is_changed_by(&successor.settings)
    }

    /// Why `successor` was rolled back, if it is not tried again. Decided here and not where the switch is asked for: an earlier switch
    /// to the same version may have been under way then.
    fn refusal(&self, successor: &Successor) -> Option<String> {
        let rolled_back = || {
            let hash = &successor.plugin.hash;
            self.extension.rolled_back(hash, &successor.settings)
        };
        (successor.retry == Retry::No).then(rolled_back).flatten()
    }

    /// Keeps the present instance, to go on with it if `successor` fails; `false` if there is none. From here on a rollback is
    /// possible, even from another thread if `new` does not return.
    pub(super) fn keep_instance(
        &mut self,
        successor: &Successor,
        conditions: &Arc<OnceLock<Vec<StandingCondition>>>,
    ) -> bool {
        let Some(instance) = self.instance.take() else {
            return false;
        };
        let predecessor = Predecessor {
            plugin: self.plugin.clone(),
            settings: Arc::clone(&self.settings),
            instance,
            unhandled: std::mem::take(&mut self.unhandled),
            unfinished: self.extension.meters.unfinished(),
            conditions: Arc::clone(conditions),
        };
        let sent = self.redelivery.sent().clone();
        let mut probation =
            Probation::new(self.epoch, predecessor, successor, sent, Instant::now());
        probation.record_waiting(self.redelivery.waiting());
        self.extension.begin_probation(probation);
        true
    }

    /// The instance's state; `None` if there is no instance.
    pub(super) fn snapshot(&mut self) -> Option<RResult<ROption<RVec<u8>>, Failure>> {
        let instance = self.instance.as_mut()?;
        self.activity.name(&"snapshot".into());
        self.activity.begin();
        let snapshot = instance.snapshot();
        self.activity.end();
        self.activity.name(&self.what);
        self.record_snapshot(&snapshot);
        Some(snapshot)
    }

    fn install(&mut self, successor: &Successor, instance: InstanceBox, on_probation: bool) {
        self.plugin = successor.plugin.clone();
        self.instance = Some(instance);
        self.end_shadow();
        self.announce();
        if on_probation {
            self.extension.set_state(State::Probation);
        }
        let mut unhandled = std::mem::take(&mut self.unhandled);
        if let Some(mut probation) = self.extension.probation()
            && let Some(probation) = probation.as_mut()
        {
            probation.done = None;
            unhandled.append(&mut probation.predecessor.unhandled);
        }
        let count = unhandled.len();
        if count > 0 {
            info!(extension = self.name(), "redelivering {count} events");
        }
        let items = unhandled.into_iter().map(Item::Event);
        self.extension.mailbox.put_first(items.collect());
        self.set_redelivered(self.redelivery.waiting() + count);
    }

    /// Sets the number of items at the front of the mailbox that belong to a redelivery, for a further rollback too.
    pub(super) fn set_redelivered(&mut self, waiting: usize) {
        self.redelivery.set_waiting(waiting);
        if let Some(mut probation) = self.extension.probation()
            && let Some(probation) = probation.as_mut()
        {
            probation.record_waiting(self.redelivery.waiting());
        }
    }

    /// Publishes the plugin's events and routes to the host.
    fn announce(&mut self) {
        let bus = &self.shared.services.bus;
        bus.subscribe(&self.extension, &self.plugin.manifest.events);
        self.extension.install(&self.plugin, &self.settings);
        self.routes = super::routes(&self.plugin);
        self.restarts.clear();
        self.refused = Refused::default();
        self.rest = Rest::default();
        // The new version may have replies for parked requests.
        self.extension.parked().wake(u64::MAX);
    }

    fn reply_to(&self, successor: &Successor, result: Result<(), SwitchError>) {
        // Before the reply, after which the next config may come.
        self.extension.mailbox.end_swap();
        let Err(SendError(result)) = successor.done.send(result) else {
            return;
        };
        let extension = self.name();
        warn!(extension, "the switch came too late for its request");
        // Nobody else reports it.
        if let Err(error) = result {
            let version = &successor.plugin.manifest.version;
            announcement::rejected(
                &self.shared.services.bus,
                &self.extension,
                Some(version),
                &error.to_string(),
            );
        }
    }

    /// Ends the probation if it is over, and drops the old version.
    pub(crate) fn confirm(&mut self, now: Instant) {
        let is_over = || Some(self.extension.probation()?.as_ref()?.is_over(now));
        if is_over() == Some(true) {
            self.end_probation();
        }
    }

    fn end_probation(&mut self) {
        if let Some(probation) = self.extension.end_probation(self.epoch) {
            self.record_confirmed();
            self.end(Some(probation.predecessor.instance));
            self.extension.set_state(State::Running);
            let version = &self.plugin.manifest.version;
            info!(extension = self.name(), version, "new version confirmed");
        }
    }

    /// Counts a failed handler of a version on probation. Returns whether that was one too many, and the version was
    /// rolled back.
    pub(super) fn fail_on_probation(&mut self, reason: &str) -> bool {
        let too_many = || Some(self.extension.probation()?.as_mut()?.count_failure());
        too_many() == Some(true)
            && self.roll_back(&format!("too many failures, the last: {reason}"))
    }

    /// Rolls back to the old version; `false` if the present one is not on probation.
    pub(super) fn roll_back(&mut self, reason: &str) -> bool {
        let Some(probation) = self.extension.end_probation(self.epoch) else {
            return false;
        };
        let refused = self.instance.take();
        self.end(refused);
        self.resume(probation, reason);
        true
    }

    /// Goes on with the old version, as if the new one had never run.
    pub(super) fn resume(&mut self, probation: Probation, reason: &str) {
        let extension = Arc::clone(&self.extension);
        let Undo {
            done,
            version,
            predecessor,
            writes,
            outbox,
            items,
            waiting,
            sent,
        } = probation.into_undo();
        self.record_restored(&writes);
        self.plugin = predecessor.plugin;
        self.settings = predecessor.settings;
        self.instance = Some(predecessor.instance);
        // Those that the new version has not taken over: its `new` did not return.
        self.unhandled = predecessor.unhandled;
        self.end_shadow();
        self.announce();
        self.submit(Some(Box::new(Effects {
            writes,
            released: outbox,
            unfinished: Some(predecessor.unfinished),
            // It reports what changes: what the new version has reported in between must go.
            restores: Some(predecessor.conditions),
            ..Effects::default()
        })));
        let count = items.len();
        self.redelivery = Redelivery::new(waiting, sent);
        extension.mailbox.put_first(items);
        warn!(
            extension = extension.name,
            "redelivering {count} events to the old version"
        );
        let seconds = PROBATION.as_secs();
        let text = format!("failed within its first {seconds} s: {reason}");
        let offered = version.version.clone();
        // Before the reply, after which the next config may come.
        extension.record_rollback(version, text.clone());
        extension.mailbox.end_swap();
        let failed = Err(SwitchError::RolledBack(reason.to_owned()));
        let is_reported = done.is_some_and(|done| done.send(failed).is_ok());
        // Nobody else reports it: the switch was complete, or too late for its request.
        if !is_reported {
            let bus = &self.shared.services.bus;
            announcement::rejected(bus, &extension, Some(&offered), &text);
        }
    }
}
