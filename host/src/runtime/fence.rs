//! Who works for an extension, and how many of its transactions are on their way to disk.
//!
//! Invariant: only the present runner of an extension hands transactions in; the effects of one that has been given up on
//! are dropped, whenever its handler returns.

use std::sync::{
    Condvar, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Transactions of one extension that may be on their way to disk.
pub(crate) const TRANSACTIONS_MAX: u64 = 4096;

/// Bytes of them.
pub(crate) const BYTES_MAX: usize = 256 << 20;

/// The runner was given up on: another works in its place.
#[derive(Debug)]
pub(crate) struct Replaced;

#[derive(Debug, Default)]
struct Book {
    /// Number of the present runner.
    tenure: u64,
    /// Number of the last transaction that was handed in.
    handed_in: u64,
    /// Bytes of those that are not settled.
    bytes: usize,
    /// Somebody waits for one to be settled.
    waited_for: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Desk {
    book: Mutex<Book>,
    /// Number of the present runner, as in the book.
    tenure: AtomicU64,
    /// Number of the last transaction that is settled: on disk, or refused.
    settled: AtomicU64,
    progress: Condvar,
}

impl Desk {
    /// A runner takes over; an earlier one can hand in nothing any more.
    pub(crate) fn take_over(&self) -> u64 {
        let mut book = self.lock();
        book.tenure += 1;
        self.tenure.store(book.tenure, Ordering::Release);
        // One that waits for its turn is to notice.
        self.progress.notify_all();
        book.tenure
    }

    /// Whether the runner of this `tenure` is the present one.
    #[must_use]
    pub(crate) fn is_held_by(&self, tenure: u64) -> bool {
        self.tenure.load(Ordering::Acquire) == tenure
    }

    /// Number of the last transaction that is settled.
    #[must_use]
    pub(crate) fn settled(&self) -> u64 {
        self.settled.load(Ordering::Acquire)
    }

    /// Transactions that are on their way.
    #[must_use]
    pub(crate) fn pending(&self) -> u64 {
        self.lock().handed_in - self.settled()
    }

    /// Whether nothing is on its way.
    ///
    /// # Errors
    ///
    /// The runner of this `tenure` was replaced.
    pub(crate) fn is_clear(&self, tenure: u64) -> Result<bool, Replaced> {
        let book = self.lock();
        if book.tenure != tenure {
            return Err(Replaced);
        }
        Ok(book.handed_in == self.settled())
    }

    /// Numbers a transaction that is handed in; waits while too many are on their way.
    ///
    /// # Errors
    ///
    /// The runner of this `tenure` was replaced.
    pub(crate) fn hand_in(&self, tenure: u64, bytes: usize) -> Result<u64, Replaced> {
        let mut book = self.lock();
        while book.tenure == tenure && self.is_full(&book) {
            book.waited_for = true;
            book = wait(&self.progress, book);
        }
        if book.tenure != tenure {
            return Err(Replaced);
        }
        book.handed_in += 1;
        book.bytes += bytes;
        Ok(book.handed_in)
    }

    /// A transaction is settled; they are in the order in which they were handed in.
    pub(crate) fn settle(&self, bytes: usize) {
        let mut book = self.lock();
        book.bytes -= bytes;
        self.settled.fetch_add(1, Ordering::Release);
        if std::mem::take(&mut book.waited_for) {
            self.progress.notify_all();
        }
    }

    /// Waits until nothing is on its way.
    pub(crate) fn wait_until_clear(&self) {
        let mut book = self.lock();
        while book.handed_in != self.settled() {
            book.waited_for = true;
            book = wait(&self.progress, book);
        }
    }

    fn is_full(&self, book: &Book) -> bool {
        let transactions = book.handed_in - self.settled();
        transactions >= TRANSACTIONS_MAX || (transactions > 0 && book.bytes >= BYTES_MAX)
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(progress: &Condvar, book: MutexGuard<'a, Book>) -> MutexGuard<'a, Book> {
    progress.wait(book).unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_runner_hands_in_nothing() {
        let desk = Desk::default();
        let first = desk.take_over();
        assert_eq!(desk.hand_in(first, 0).unwrap(), 1);
        let second = desk.take_over();
        assert!(desk.hand_in(first, 0).is_err());
        assert!(desk.is_clear(first).is_err());
        assert!(!desk.is_clear(second).unwrap());
        desk.settle(0);
        assert!(desk.is_clear(second).unwrap());
    }

    #[test]
    fn what_is_on_its_way_is_bounded() {
        let desk = Desk::default();
        let tenure = desk.take_over();
        (0..TRANSACTIONS_MAX).for_each(|_| drop(desk.hand_in(tenure, 1)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| desk.hand_in(tenure, 1).unwrap());
            desk.settle(1);
            assert_eq!(waiting.join().unwrap(), TRANSACTIONS_MAX + 1);
        });
    }
}
