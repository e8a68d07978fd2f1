//! Which items are handled once more after a rollback.
//!
//! Invariant: what the new version has sent is not sent again while its items are redelivered, and anything sent afterwards
//! is new. Items that are put in front of redelivered ones are handled before those, so they belong to the redelivery.

use crate::runtime::effects::Effects;
use crate::runtime::sent::Sent;

/// What a rollback leaves to the old version.
#[derive(Default)]
pub(super) struct Redelivery {
    /// Number of items at the front of the mailbox that belong to it.
    waiting: usize,
    /// Whether the present item belongs to it.
    has_present: bool,
    /// What the new version has sent: it is not sent twice.
    sent: Sent,
}

impl Redelivery {
    /// Begins with `waiting` items at the front of the mailbox.
    #[must_use]
    pub(super) fn new(waiting: usize, sent: Sent) -> Self {
        Self {
            waiting,
            has_present: false,
            sent,
        }
    }

    /// Whether the present item belongs to it.
    #[must_use]
    pub(super) fn has_present(&self) -> bool {
        self.has_present
    }

    /// Number of items at the front of the mailbox that belong to it.
    #[must_use]
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// What the new version has sent and the old one has not asked for again yet.
    #[must_use]
    pub(super) fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Sets the number of items at the front of the mailbox, after some were put there or taken away, if it is not over.
    pub(super) fn set_waiting(&mut self, waiting: usize) {
        if !self.is_over() {
            self.waiting = waiting;
            self.forget_if_over();
        }
    }

    /// Begins the item that was first in the mailbox.
    pub(super) fn begin_item(&mut self) {
        self.has_present = self.waiting > 0;
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// Ends the present item.
    pub(super) fn end_item(&mut self) {
        // Not so if the item has led to the rollback: then it comes again.
        if self.has_present {
            self.has_present = false;
            self.forget_if_over();
        }
    }

    /// Drops what the new version has sent before the rollback: responses have come, or will.
    pub(super) fn drop_sent(&mut self, effects: &mut Effects) {
        self.sent
            .drop_from(&mut effects.calls, &mut effects.services);
    }

    fn is_over(&self) -> bool {
        self.waiting == 0 && !self.has_present
    }

    fn forget_if_over(&mut self) {
        if self.is_over() {
            self.sent = Sent::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_that_led_to_a_rollback_is_redelivered() {
        let mut redelivery = Redelivery::default();
        redelivery.begin_item();
        assert!(!redelivery.has_present());
        // Its handler fails, so the new version is rolled back after two items.
        redelivery = Redelivery::new(2, Sent::default());
        redelivery.end_item();
        for is_redelivered in [true, true, false] {
            redelivery.begin_item();
            assert_eq!(redelivery.has_present(), is_redelivered);
            redelivery.end_item();
        }
    }
}
