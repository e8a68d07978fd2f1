//! Records what the instance is called with and asks for.

use abi_stable::std_types::{ROption, RResult, RVec};
use tig_plugin_api::abi::{Failure, InstanceBox};
use tig_recording::{Outcome, Switch};

use super::Runner;
use crate::plugin::Plugin;
use crate::runtime::recorder::{Trace, create_head};
use crate::store::Writes;

impl Runner {
    /// Follows the recorder: begins to record from the present state, or ends.
    pub(super) fn follow_recorder(&mut self) {
        if self.begin_recording() {
            self.record_instance();
        }
    }

    /// Follows the recorder without its instance. Returns whether the recording of the extension begins.
    pub(super) fn begin_recording(&mut self) -> bool {
        let Some(generation) = self.notes.follow() else {
            return false;
        };
        // The replay reads what is on disk, so the instance's writes must be there.
        self.extension.fence.wait_until_clear();
        let view = match self.shared.services.store.view() {
            Ok(view) => view,
            Err(error) => {
                self.notes.give_up(error.to_string());
                return false;
            }
        };
        let now_ms = self.shared.services.clock.now_ms();
        self.notes.begin(generation, view, now_ms);
        true
    }

    /// Records the instance with which the recording of the extension begins, if there is one.
    pub(super) fn record_instance(&mut self) {
        let now_ms = self.shared.services.clock.now_ms();
        let snapshot = match self.snapshot() {
            // The instance to come is recorded when it is created.
            None => return,
            Some(RResult::ROk(snapshot)) => snapshot.into_option(),
            Some(RResult::RErr(failure)) => {
                let name = self.name();
                let reason = format!("{name} does not give its state: {}", failure.text);
                return self.notes.give_up(reason);
            }
        };
        let instance = (&self.plugin, &*self.settings);
        let state = snapshot.as_ref().map(|state| state.as_slice());
        let probation = self.extension.probation();
        let on_probation = probation.is_some_and(|probation| probation.is_some());
        let state = (state, on_probation);
        self.notes.record_checkpoint(now_ms, instance, state);
    }

    /// Records that the version on probation has proved itself.
    pub(super) fn record_confirmed(&mut self) {
        let now_ms = self.shared.services.clock.now_ms();
        self.notes.record_confirmed(now_ms);
    }

    /// Records how `new` has ended.
    pub(super) fn record_create(
        &mut self,
        (at_ms, plugin, snapshot, switch): (u64, &Plugin, Option<&[u8]>, Switch),
        created: &Result<InstanceBox, Failure>,
        trace: Trace,
    ) {
        let outcome = match created {
            Ok(_) => Outcome::Done,
            Err(failure) if failure.panicked => Outcome::Panicked(failure.text.as_str().into()),
            Err(failure) => Outcome::Failed(failure.text.as_str().into()),
        };
        let head = create_head(at_ms, (plugin, &self.settings), snapshot, switch, outcome);
        self.notes.record_create(&head, trace);
    }

    /// Records that the instance was asked for its state.
    pub(super) fn record_snapshot(&mut self, snapshot: &RResult<ROption<RVec<u8>>, Failure>) {
        if !self.notes.is_on() {
            return;
        }
        let now_ms = self.shared.services.clock.now_ms();
        let state = match snapshot {
            RResult::ROk(ROption::RSome(state)) => Some(state.as_slice()),
            _ => None,
        };
        self.notes.record_snapshot(now_ms, state);
    }

    /// Records that the version from before the last switch goes on, and what undoes the writes of the other.
    pub(super) fn record_restored(&mut self, undo: &Writes) {
        let now_ms = self.shared.services.clock.now_ms();
        self.notes.record_restored(now_ms, undo);
    }

    /// Records that the instance ends.
    pub(super) fn record_stop(&mut self) {
        let now_ms = self.shared.services.clock.now_ms();
        self.notes.record_stop(now_ms);
    }
}
