//! Changes of neurons that wait for the next block.

use super::change::{NeuronChange, NeuronChangeError};
use super::keys::newcomer_hotkey;
use super::neuron::Neuron;
use super::state::State;

/// Changes of neurons that wait for the next block.
const CHANGES_COUNT_MAX: usize = 10_000;

/// Changes that wait, in their order.
#[derive(Debug, Default)]
pub(super) struct NeuronOrders {
    changes: Vec<NeuronChange>,
    /// The neurons as these changes leave them, since a change may depend on those before it; `None` without changes.
    changed_neurons: Option<Vec<Neuron>>,
    newcomer_count: u64,
}

impl NeuronOrders {
    /// Adds a change for `block`, the one after that with these neurons.
    ///
    /// # Errors
    ///
    /// [`NeuronChangeError`] if the change is impossible, or too many wait.
    pub(super) fn add(
        &mut self,
        mut change: NeuronChange,
        seed: u64,
        neurons: &[Neuron],
        block: u32,
    ) -> Result<(), NeuronChangeError> {
        if self.changes.len() >= CHANGES_COUNT_MAX {
            return Err(NeuronChangeError::TooMany);
        }
        if change.wants_newcomer() {
            change.name_newcomer(newcomer_hotkey(seed, self.newcomer_count));
        }
        let changed = self.changed_neurons.get_or_insert_with(|| {
            let mut changed = neurons.to_vec();
            for earlier in &self.changes {
                // It was checked; blocks that were rolled back may have made it impossible.
                let _ = earlier.apply(&mut changed, block);
            }
            changed
        });
        change.apply(changed, block)?;
        self.newcomer_count += 1;
        self.changes.push(change);
        Ok(())
    }

    /// Makes all changes.
    pub(super) fn apply(&mut self, state: &mut State, block: u32) {
        self.changed_neurons = None;
        for change in self.changes.drain(..) {
            state.change(&change, block);
        }
    }

    /// Notes that the changes will be of other neurons than it was thought.
    pub(super) fn roll_back(&mut self) {
        self.changed_neurons = None;
    }
}
