//! Fences off replaced runners of an extension, and bounds its transactions in flight to the committer.
//!
//! A handler cannot be stopped: after the supervisor has given up on it, its thread may return at any time and ask for
//! effects. Each runner therefore works in an epoch, and a transaction counts only if its epoch is the current one.
//!
//! Invariant: only the current runner of an extension submits transactions; the effects of a replaced one are dropped,
//! whenever its handler returns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Transactions of one extension that may be in flight.
pub(crate) const TRANSACTIONS_IN_FLIGHT_MAX: u64 = 4096;

/// Bytes of the transactions in flight. One transaction may exceed it: else it could never be submitted.
pub(crate) const BYTES_IN_FLIGHT_MAX: usize = 256 << 20;

/// The runner was replaced: its epoch is over.
#[derive(Debug)]
pub(crate) struct Replaced;

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    /// Number of the last submitted transaction.
    submitted: u64,
    bytes_in_flight: usize,
    /// A thread waits on `progress`.
    has_waiter: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Fence {
    state: Mutex<State>,
    /// As in `state`, for checks that must not wait for its lock: each call into a plugin makes one.
    epoch: AtomicU64,
    /// Number of the last completed transaction: on disk, or rejected.
    completed: AtomicU64,
    progress: Condvar,
}

impl Fence {
    /// Begins the epoch of another runner; the runner of an earlier one can submit nothing any more.
    pub(crate) fn begin_epoch(&self) -> u64 {
        let mut state = self.lock();
        state.epoch += 1;
        self.epoch.store(state.epoch, Ordering::Release);
        // A replaced runner that waits for room in `submit` must wake up to see that its epoch is over.
        self.progress.notify_all();
        state.epoch
    }

    /// Whether the runner of this `epoch` is the current one.
    #[must_use]
    pub(crate) fn is_current(&self, epoch: u64) -> bool {
        self.epoch.load(Ordering::Acquire) == epoch
    }

    /// Number of the last completed transaction.
    #[must_use]
    pub(crate) fn completed(&self) -> u64 {
        self.completed.load(Ordering::Acquire)
    }

    /// Number of transactions in flight.
    #[must_use]
    pub(crate) fn in_flight(&self) -> u64 {
        self.lock().submitted - self.completed()
    }

    /// Whether no transaction is in flight.
    ///
    /// # Errors
    ///
    /// The runner of this `epoch` was replaced.
    pub(crate) fn is_clear(&self, epoch: u64) -> Result<bool, Replaced> {
        let state = self.lock();
        if state.epoch != epoch {
            return Err(Replaced);
        }
        Ok(state.submitted == self.completed())
    }

    /// Waits while too many transactions are in flight. The room stays until [`Fence::submit`], for only one runner submits.
    ///
    /// # Errors
    ///
    /// The runner of this `epoch` was replaced.
    pub(crate) fn wait_for_room(&self, epoch: u64) -> Result<(), Replaced> {
        self.lock_with_room(epoch).map(drop)
    }

    /// Numbers a transaction that goes to the committer next; waits while too many are in flight.
    ///
    /// # Errors
    ///
    /// The runner of this `epoch` was replaced.
    pub(crate) fn submit(&self, epoch: u64, bytes: usize) -> Result<u64, Replaced> {
        let mut state = self.lock_with_room(epoch)?;
        state.submitted += 1;
        state.bytes_in_flight += bytes;
        Ok(state.submitted)
    }

    /// Completes the transaction that was submitted first of those in flight.
    pub(crate) fn complete(&self, bytes: usize) {
        let mut state = self.lock();
        state.bytes_in_flight -= bytes;
        self.completed.fetch_add(1, Ordering::Release);
        // A wake costs a system call, and most transactions complete while no thread waits.
        if std::mem::take(&mut state.has_waiter) {
            self.progress.notify_all();
        }
    }

    /// Waits until no transaction is in flight.
    pub(crate) fn wait_until_clear(&self) {
        let mut state = self.lock();
        while state.submitted != self.completed() {
            state.has_waiter = true;
            state = wait(&self.progress, state);
        }
    }

    fn lock_with_room(&self, epoch: u64) -> Result<MutexGuard<'_, State>, Replaced> {
        let mut state = self.lock();
        while state.epoch == epoch && self.is_full(&state) {
            state.has_waiter = true;
            state = wait(&self.progress, state);
        }
        if state.epoch != epoch {
            return Err(Replaced);
        }
        Ok(state)
    }

    fn is_full(&self, state: &State) -> bool {
        let in_flight = state.submitted - self.completed();
        in_flight >= TRANSACTIONS_IN_FLIGHT_MAX
            || (in_flight > 0 && state.bytes_in_flight >= BYTES_IN_FLIGHT_MAX)
    }

    /// No code panics while it holds the lock, so a poisoned state is still whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(progress: &Condvar, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    progress.wait(state).unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_runner_cannot_submit() {
        let fence = Fence::default();
        let first = fence.begin_epoch();
        assert_eq!(fence.submit(first, 0).unwrap(), 1);
        let second = fence.begin_epoch();
        assert!(fence.submit(first, 0).is_err());
        assert!(fence.is_clear(first).is_err());
        assert!(!fence.is_clear(second).unwrap());
        fence.complete(0);
        assert!(fence.is_clear(second).unwrap());
    }

    #[test]
    fn transactions_in_flight_are_bounded() {
        let fence = Fence::default();
        let epoch = fence.begin_epoch();
        (0..TRANSACTIONS_IN_FLIGHT_MAX).for_each(|_| drop(fence.submit(epoch, 1)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| fence.submit(epoch, 1).unwrap());
            fence.complete(1);
            assert_eq!(waiting.join().unwrap(), TRANSACTIONS_IN_FLIGHT_MAX + 1);
        });
    }
}
