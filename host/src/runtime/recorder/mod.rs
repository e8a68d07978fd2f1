//! Records what goes into extensions and what they ask for, so that it can be replayed ([`tig_recording`]).
//!
//! Runners put records into the tape of their extension; a thread of [`crate::lifecycle::recording`] writes the tapes to a file. With
//! each file begins a generation: each extension then begins with its storage and its state, so that each file can be replayed alone.

mod codes;
mod notes;
mod tape;
mod trace;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tig_recording::Mask;
use tracing::warn;

pub(crate) use self::notes::{Notes, create_head, plugin_id};
pub(crate) use self::tape::{Chunk, Records, Tape};
pub(crate) use self::trace::{Trace, is_effect};

/// The generation of a host that records nothing.
const OFF: u64 = 0;

#[derive(Default)]
struct State {
    /// The last generation that has begun.
    last: u64,
    /// By the names of the extensions.
    tapes: BTreeMap<String, Arc<Tape>>,
    mask: Option<Arc<Mask>>,
    /// Why the recording has ended by itself.
    ended: Option<String>,
    /// Something waits that should be written at once.
    is_due: bool,
}

#[derive(Default)]
pub(crate) struct Recorder {
    /// Read by each handler; see [`State::last`].
    generation: AtomicU64,
    state: Mutex<State>,
    due: Condvar,
}

impl Recorder {
    /// The generation of the recording; `None` if there is none.
    #[must_use]
    pub(crate) fn generation(&self) -> Option<u64> {
        // A handler that sees a change late is recorded from its next item on.
        let generation = self.generation.load(Ordering::Relaxed);
        (generation != OFF).then_some(generation)
    }

    /// Begins a generation: a recording, or the next file of one.
    pub(crate) fn begin(&self, mask: Arc<Mask>) {
        let mut state = self.lock();
        state.last += 1;
        state.mask = Some(mask);
        state.ended = None;
        self.generation.store(state.last, Ordering::Relaxed);
        drop(state);
        // The thread that writes waits for long while there is no recording.
        self.notify();
    }

    /// Covers other secrets from now on.
    pub(crate) fn set_mask(&self, mask: Arc<Mask>) {
        self.lock().mask = Some(mask);
    }

    /// Ends the recording. What waits can still be taken.
    pub(crate) fn end(&self) {
        self.generation.store(OFF, Ordering::Relaxed);
        self.notify();
    }

    /// Ends the recording since it cannot go on.
    pub(crate) fn fail(&self, reason: String) {
        let mut state = self.lock();
        // Other runners may fail for the same reason at the same moment.
        if self.generation.swap(OFF, Ordering::Relaxed) != OFF {
            warn!("the recording has ended: {reason}");
            state.ended = Some(reason);
        }
        drop(state);
        self.notify();
    }

    /// Takes note that a recording has not begun.
    pub(crate) fn fail_to_begin(&self, reason: String) {
        warn!("{reason}");
        self.lock().ended = Some(reason);
    }

    /// Forgets why the last recording has ended: none is wanted any more.
    pub(crate) fn forget_end(&self) {
        self.lock().ended = None;
    }

    /// Why the recording has ended by itself, if it has.
    #[must_use]
    pub(crate) fn ended(&self) -> Option<String> {
        self.lock().ended.clone()
    }

    /// The mask of the present recording.
    #[must_use]
    pub(crate) fn mask(&self) -> Option<Arc<Mask>> {
        self.lock().mask.clone()
    }

    /// The tape of an extension.
    #[must_use]
    pub(crate) fn tape(&self, extension: &str) -> Arc<Tape> {
        let mut state = self.lock();
        if let Some(tape) = state.tapes.get(extension) {
            return Arc::clone(tape);
        }
        let tape = Arc::new(Tape::new());
        state.tapes.insert(extension.to_owned(), Arc::clone(&tape));
        tape
    }

    /// All tapes, by the names of their extensions.
    #[must_use]
    pub(crate) fn tapes(&self) -> Vec<(String, Arc<Tape>)> {
        let state = self.lock();
        let tapes = state.tapes.iter();
        tapes
            .map(|(name, tape)| (name.clone(), Arc::clone(tape)))
            .collect()
    }

    /// Lets the thread that writes go on.
    pub(crate) fn notify(&self) {
        self.lock().is_due = true;
        self.due.notify_all();
    }

    /// Waits until something should be written, at most for `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) {
        let state = self.lock();
        let waited = self
            .due
            .wait_timeout_while(state, timeout, |state| !state.is_due);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_due = false;
    }

    /// No code panics while it holds the lock, so the state is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
