//! Timers in the order in which they are due: pure, without a clock.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

/// Time, and number of the set: a place in the order.
type Place = (u64, u64);

/// Timers of all owners.
#[derive(Debug)]
pub(super) struct TimerQueue<O> {
    /// Owner and tag of each by its place: timers of the same time are due in the order in which they were set.
    due: BTreeMap<Place, (O, Arc<str>)>,
    /// Where each is in `due`.
    places: HashMap<O, BTreeMap<Arc<str>, Place>>,
    /// Number of timers set so far.
    set: u64,
}

impl<O> Default for TimerQueue<O> {
    fn default() -> Self {
        Self {
            due: BTreeMap::new(),
            places: HashMap::new(),
            set: 0,
        }
    }
}

impl<O: Clone + Eq + Hash> TimerQueue<O> {
    /// Sets a timer, or moves it.
    pub(super) fn set(&mut self, owner: &O, tag: &Arc<str>, unix_ms: u64) {
        self.set += 1;
        let place = (unix_ms, self.set);
        let of_owner = self.places.entry(owner.clone()).or_default();
        if let Some(before) = of_owner.insert(Arc::clone(tag), place) {
            self.due.remove(&before);
        }
        self.due.insert(place, (owner.clone(), Arc::clone(tag)));
    }

    /// Cancels a timer, if it is set.
    pub(super) fn cancel(&mut self, owner: &O, tag: &str) {
        let Some(of_owner) = self.places.get_mut(owner) else {
            return;
        };
        if let Some(place) = of_owner.remove(tag) {
            self.due.remove(&place);
        }
    }

    /// Cancels all timers of an owner.
    pub(super) fn cancel_all(&mut self, owner: &O) {
        for place in self.places.remove(owner).unwrap_or_default().into_values() {
            self.due.remove(&place);
        }
    }

    /// Number of timers of an owner.
    #[must_use]
    pub(super) fn count(&self, owner: &O) -> usize {
        self.places.get(owner).map_or(0, BTreeMap::len)
    }

    /// When the next timer is due.
    #[must_use]
    pub(super) fn next(&self) -> Option<u64> {
        self.due.keys().next().map(|(unix_ms, _)| *unix_ms)
    }

    /// Takes the next timer that is due at `now_ms`.
    pub(super) fn take_due(&mut self, now_ms: u64) -> Option<(O, Arc<str>)> {
        let entry = self.due.first_entry()?;
        if entry.key().0 > now_ms {
            return None;
        }
        let (owner, tag) = entry.remove();
        if let Some(of_owner) = self.places.get_mut(&owner) {
            of_owner.remove(&tag);
        }
        Some((owner, tag))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Queue = TimerQueue<&'static str>;

    fn drain(queue: &mut Queue, now_ms: u64) -> Vec<String> {
        let take = |queue: &mut Queue| queue.take_due(now_ms);
        std::iter::from_fn(|| take(queue))
            .map(|(owner, tag)| format!("{owner} {tag}"))
            .collect()
    }

    #[test]
    fn timers_are_due_in_the_order_of_their_times() {
        let mut queue = Queue::default();
        queue.set(&"a", &"late".into(), 30);
        queue.set(&"b", &"first".into(), 10);
        queue.set(&"a", &"second".into(), 10);
        assert_eq!(queue.next(), Some(10));
        assert_eq!(drain(&mut queue, 9), [""; 0]);
        assert_eq!(drain(&mut queue, 20), ["b first", "a second"]);
        assert_eq!((queue.count(&"a"), queue.count(&"b")), (1, 0));
    }

    #[test]
    fn tag_set_again_moves() {
        let mut queue = Queue::default();
        queue.set(&"a", &"t".into(), 10);
        queue.set(&"a", &"t".into(), 20);
        assert_eq!(queue.count(&"a"), 1);
        assert_eq!(drain(&mut queue, 15), [""; 0]);
        assert_eq!(drain(&mut queue, 20), ["a t"]);
    }

    proptest! {
        /// The queue does what a map from owner and tag to time would do.
        #[test]
        fn queue_is_a_map_of_times(
            steps in prop::collection::vec((0..3_u8, 0..3_u8, 0..4_u8, 0..50_u64), 1..60),
        ) {
            let mut queue = TimerQueue::default();
            let mut model = BTreeMap::new();
            for (what, owner, tag, unix_ms) in steps {
                let tag: Arc<str> = tag.to_string().into();
                match what {
                    0 => {
                        queue.set(&owner, &tag, unix_ms);
                        model.insert((owner, tag), unix_ms);
                    }
                    1 => {
                        queue.cancel(&owner, &tag);
                        model.remove(&(owner, tag));
                    }
                    _ => {
                        queue.cancel_all(&owner);
                        model.retain(|(of, _), _| *of != owner);
                    }
                }
                prop_assert_eq!(queue.next(), model.values().min().copied());
            }
            for now_ms in 0..50 {
                while let Some(name) = queue.take_due(now_ms) {
                    prop_assert_eq!(model.remove(&name), Some(now_ms));
                }
            }
            prop_assert!(model.is_empty());
        }
    }
}
