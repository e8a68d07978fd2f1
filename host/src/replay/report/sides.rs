//! A value for the recording and one for the replay.

use serde::Serialize;

/// One of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    /// What the recording holds.
    Recorded,
    /// What the replay has done.
    Replayed,
}

impl Side {
    /// Both, for what is the same.
    pub(super) const BOTH: [Self; 2] = [Self::Recorded, Self::Replayed];
}

/// A value for each.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Sides<T> {
    /// What the recording holds.
    pub recorded: T,
    /// What the replay has done.
    pub replayed: T,
}

impl<T> Sides<T> {
    /// The one for `side`.
    pub(super) fn of(&mut self, side: Side) -> &mut T {
        match side {
            Side::Recorded => &mut self.recorded,
            Side::Replayed => &mut self.replayed,
        }
    }

    /// Both values, made over.
    pub(super) fn map<U>(&self, make: impl Fn(&T) -> U) -> Sides<U> {
        Sides {
            recorded: make(&self.recorded),
            replayed: make(&self.replayed),
        }
    }
}

impl<T: PartialEq> Sides<T> {
    /// Whether the two are not the same.
    pub(super) fn differ(&self) -> bool {
        self.recorded != self.replayed
    }
}

impl Sides<u64> {
    /// Counts one more on these sides.
    pub(super) fn count(&mut self, sides: &[Side]) {
        for side in sides {
            *self.of(*side) += 1;
        }
    }
}
