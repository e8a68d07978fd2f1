//! The order in which items wait: pure, without threads.
//!
//! Invariant: items come out once, in the order in which they were put, but for an item put as the latest of its kind,
//! which replaces an earlier one of that kind that still waits. So at most one of each such kind waits.

use std::collections::VecDeque;
use std::sync::Arc;

/// Gaps that may be in the queue before it is packed.
const GAPS_MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Queue<T> {
    /// `None` where a later item of its kind has replaced one.
    places: VecDeque<Option<T>>,
    /// Number of the first place.
    first: i64,
    gaps: usize,
    /// Number of the place where the latest of each kind waits.
    latest: Vec<(Arc<str>, Option<i64>)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            places: VecDeque::new(),
            first: 0,
            gaps: 0,
            latest: Vec::new(),
        }
    }
}

impl<T> Queue<T> {
    /// Number of items.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.gaps
    }

    /// Whether the queue is empty.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an item at the end.
    pub(super) fn push(&mut self, thing: T) {
        self.places.push_back(Some(thing));
    }

    /// Puts an item at the end and returns the one of its kind that it replaces, if any.
    pub(super) fn push_latest(&mut self, kind: &Arc<str>, thing: T) -> Option<T> {
        let number = self.first + self.places.len() as i64;
        self.places.push_back(Some(thing));
        let Some(entry) = self.latest.iter_mut().find(|(known, _)| known == kind) else {
            self.latest.push((Arc::clone(kind), Some(number)));
            return None;
        };
        let before = entry.1.replace(number)?;
        let place = usize::try_from(before - self.first).ok()?;
        let superseded = self.places[place].take();
        self.gaps += usize::from(superseded.is_some());
        if self.gaps > GAPS_MAX.max(self.len()) {
            self.pack();
        }
        superseded
    }

    /// The item that has waited longest.
    pub(super) fn pop(&mut self) -> Option<T> {
        while let Some(place) = self.places.pop_front() {
            let number = self.first;
            self.first += 1;
            let Some(thing) = place else {
                self.gaps -= 1;
                continue;
            };
            if let Some(kind) = self.kind_at(number) {
                self.latest[kind].1 = None;
            }
            return Some(thing);
        }
        None
    }

    /// The kind, if any, whose latest item waits at place `number`.
    fn kind_at(&self, number: i64) -> Option<usize> {
        self.latest.iter().position(|(_, at)| *at == Some(number))
    }

    /// Closes the gaps, which changes the numbers of places.
    fn pack(&mut self) {
        let mut packed = VecDeque::with_capacity(self.len());
        for (place, thing) in std::mem::take(&mut self.places).into_iter().enumerate() {
            if thing.is_none() {
                continue;
            }
            // Numbers only decrease here, so a new number never equals one that is still to be moved.
            if let Some(kind) = self.kind_at(self.first + place as i64) {
                self.latest[kind].1 = Some(self.first + packed.len() as i64);
            }
            packed.push_back(thing);
        }
        self.places = packed;
        self.gaps = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Push,
        Latest(u8),
        Pop,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            2 => Just(Step::Push),
            3 => (0_u8..3).prop_map(Step::Latest),
            2 => Just(Step::Pop),
        ];
        prop::collection::vec(step, 0..400)
    }

    proptest! {
        /// Compared with the obvious slow queue: no item is lost, repeated or reordered unless it is replaced.
        #[test]
        fn queue_keeps_order_and_the_latest_of_a_kind(steps in steps()) {
            let kinds: Vec<Arc<str>> = ["a", "b", "c"].map(Arc::from).into();
            let mut queue = Queue::default();
            let mut model: Vec<(Option<u8>, usize)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Push => {
                        queue.push(number);
                        model.push((None, number));
                    }
                    Step::Latest(kind) => {
                        let waited = model.iter().position(|(known, _)| *known == Some(kind));
                        let expected = waited.map(|place| model.remove(place).1);
                        model.push((Some(kind), number));
                        prop_assert_eq!(queue.push_latest(&kinds[usize::from(kind)], number), expected);
                        prop_assert!(queue.gaps <= GAPS_MAX.max(model.len()), "gaps are bounded");
                    }
                    Step::Pop => {
                        let expected = (!model.is_empty()).then(|| model.remove(0).1);
                        prop_assert_eq!(queue.pop(), expected);
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
            }
            for (_, number) in model {
                prop_assert_eq!(queue.pop(), Some(number));
            }
            prop_assert_eq!(queue.pop(), None);
        }
    }
}
