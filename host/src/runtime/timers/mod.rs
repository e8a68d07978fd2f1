//! Timers of extensions, and the thread that puts those that are due into the mailboxes.
//!
//! Invariant: a timer is put into its extension's mailbox once, no earlier than its time by the host's clock. Timers belong
//! to a mailbox, not to a name: an extension that was removed and added again shares none with its predecessor.

mod queue;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::runtime::clock::Clock;
use crate::runtime::mailbox::Mailbox;
use crate::runtime::timers::queue::TimerQueue;

/// Timers that one extension may have.
pub(crate) const TIMERS_MAX: usize = 100_000;

/// Time between two looks at a virtual clock, which wakes no thread when it is advanced.
const VIRTUAL_INTERVAL: Duration = Duration::from_millis(1);

/// Longest wait without a look at the clock.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// The mailbox of an extension that sets timers; equal to itself only.
#[derive(Clone)]
struct Owner(Arc<Mailbox>);

impl Owner {
    fn new(mailbox: &Arc<Mailbox>) -> Self {
        Self(Arc::clone(mailbox))
    }
}

impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Owner {}

impl Hash for Owner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

#[derive(Default)]
struct State {
    queue: TimerQueue<Owner>,
    stopping: bool,
}

#[derive(Default)]
pub(crate) struct Timers {
    state: Mutex<State>,
    changed: Condvar,
}

impl Timers {
    /// Sets the timer `tag` of the extension with this mailbox, or moves it.
    pub(crate) fn set(&self, mailbox: &Arc<Mailbox>, tag: &Arc<str>, unix_ms: u64) {
        let mut state = self.lock();
        let next = state.queue.next();
        state.queue.set(&Owner::new(mailbox), tag, unix_ms);
        if next.is_none_or(|next| unix_ms < next) {
            // Unlocked first: the woken thread would only wait for the lock.
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Cancels a timer, if it is set.
    pub(crate) fn cancel(&self, mailbox: &Arc<Mailbox>, tag: &str) {
        self.lock().queue.cancel(&Owner::new(mailbox), tag);
    }

    /// Cancels all timers of an extension that is removed.
    pub(crate) fn cancel_all(&self, mailbox: &Arc<Mailbox>) {
        self.lock().queue.cancel_all(&Owner::new(mailbox));
    }

    /// Number of timers of an extension.
    #[must_use]
    pub(crate) fn count(&self, mailbox: &Arc<Mailbox>) -> usize {
        self.lock().queue.count(&Owner::new(mailbox))
    }

    /// When the next timer is due, in Unix milliseconds.
    #[must_use]
    pub(crate) fn next(&self) -> Option<u64> {
        self.lock().queue.next()
    }

    /// Puts the timers that are due into the mailboxes; returns their number.
    pub(crate) fn fire(&self, clock: &Clock) -> usize {
        let mut state = self.lock();
        let now_ms = clock.now_ms();
        let mut fired = 0;
        while let Some((Owner(mailbox), tag)) = state.queue.take_due(now_ms) {
            mailbox.put_timer(tag);
            fired += 1;
        }
        fired
    }

    /// Fires timers by `clock` until [`Timers::stop`].
    pub(crate) fn run(&self, clock: &Clock) {
        loop {
            self.fire(clock);
            let state = self.lock();
            if state.stopping {
                return;
            }
            let wait = wait_for(clock, state.queue.next());
            // A timer that was set since `fire` has changed `next`, which is read under the same lock as the wait.
            let waited = self.changed.wait_timeout(state, wait);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Lets [`Timers::run`] return.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// No code panics while it holds the lock, so a poisoned state is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the thread may sleep before the next timer is due.
fn wait_for(clock: &Clock, next: Option<u64>) -> Duration {
    let Some(next) = next else {
        return WAIT_MAX;
    };
    if clock.is_virtual() {
        return VIRTUAL_INTERVAL;
    }
    let left_us = next.saturating_mul(1000).saturating_sub(clock.now_us());
    Duration::from_micros(left_us).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::clock::VirtualTime;
    use crate::runtime::item::Item;
    use crate::runtime::mailbox::Taken;

    fn tag_of(taken: Option<Taken>) -> Option<String> {
        match taken? {
            Taken::Item(Item::Timer(tag)) => Some(tag.to_string()),
            _ => panic!("expected a timer"),
        }
    }

    #[test]
    fn timer_is_put_once_and_not_before_its_time() {
        let (timers, mailbox) = (Timers::default(), Arc::<Mailbox>::default());
        let time = VirtualTime::from_ms(100);
        let clock = Clock::Virtual(time.clone());
        timers.set(&mailbox, &"t".into(), 150);
        time.advance(Duration::from_millis(49));
        assert_eq!(timers.fire(&clock), 0);
        time.advance(Duration::from_millis(1));
        assert_eq!(timers.fire(&clock), 1);
        assert_eq!(tag_of(mailbox.try_take()).as_deref(), Some("t"));
        assert_eq!(timers.fire(&clock), 0);
    }

    #[test]
    fn timers_of_a_removed_extension_are_cancelled() {
        let (timers, removed) = (Timers::default(), Arc::<Mailbox>::default());
        let clock = Clock::Virtual(VirtualTime::from_ms(100));
        timers.set(&removed, &"t".into(), 1);
        let added = Arc::<Mailbox>::default();
        timers.set(&added, &"t".into(), 2);
        timers.cancel_all(&removed);
        assert_eq!((timers.fire(&clock), timers.next()), (1, None));
        assert_eq!(tag_of(added.try_take()).as_deref(), Some("t"));
    }

    #[test]
    fn thread_fires_by_the_system_clock_and_stops() {
        let (timers, mailbox) = (Timers::default(), Arc::<Mailbox>::default());
        let clock = Clock::start();
        std::thread::scope(|scope| {
            scope.spawn(|| timers.run(&clock));
            let soon = clock.now_ms() + 3;
            timers.set(&mailbox, &"later".into(), soon + 3);
            timers.set(&mailbox, &"sooner".into(), soon);
            for expected in ["sooner", "later"] {
                let tag = tag_of(Some(mailbox.take()));
                assert_eq!(tag.as_deref(), Some(expected));
                assert!(clock.now_ms() >= soon);
            }
            timers.stop();
        });
    }
}
