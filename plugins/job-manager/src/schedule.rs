//! Which batches of a job are due.
//!
//! Invariant: finding the next ones costs O(log n) each, however many batches the job has. Batches from `next_fresh` on were
//! never handed out by this process; of those before, each is handed out, due at once, or done.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(crate) struct Schedule {
    next_fresh: u64,
    due_at_once: BTreeSet<u64>,
    /// When, by index.
    handed_out: BTreeMap<u64, u64>,
    by_time: BTreeSet<(u64, u64)>,
}

impl Schedule {
    /// Indexes below `num_batches` that were not handed out within `delay_ms`; done ones that were never handed out are
    /// among them.
    pub(crate) fn due(
        &self,
        now_ms: u64,
        delay_ms: u64,
        num_batches: u64,
    ) -> impl Iterator<Item = u64> {
        let until_ms = now_ms.checked_sub(delay_ms);
        let overdue = until_ms
            .into_iter()
            .flat_map(|until_ms| self.by_time.range(..=(until_ms, u64::MAX)));
        let again = self.due_at_once.iter().copied();
        again
            .chain(overdue.map(|(_, index)| *index))
            .chain(self.next_fresh..num_batches)
    }

    /// Whether `index` was not handed out within `delay_ms`.
    pub(crate) fn is_due(&self, index: u64, now_ms: u64, delay_ms: u64) -> bool {
        let handed_out = self.handed_out.get(&index);
        handed_out.is_none_or(|&then_ms| now_ms.saturating_sub(then_ms) >= delay_ms)
    }

    pub(crate) fn hand_out(&mut self, index: u64, now_ms: u64) {
        self.skip_to(index);
        self.done(index);
        self.handed_out.insert(index, now_ms);
        self.by_time.insert((now_ms, index));
    }

    /// Takes `index` off the list.
    pub(crate) fn done(&mut self, index: u64) {
        self.due_at_once.remove(&index);
        if let Some(then_ms) = self.handed_out.remove(&index) {
            self.by_time.remove(&(then_ms, index));
        }
    }

    /// Has `index` handed out again without delay.
    pub(crate) fn again(&mut self, index: u64) {
        self.done(index);
        if index < self.next_fresh {
            self.due_at_once.insert(index);
        }
    }

    /// When `index` was handed out, if it is out.
    pub(crate) fn handed_out_ms(&self, index: u64) -> Option<u64> {
        self.handed_out.get(&index).copied()
    }

    /// Batches that are out.
    pub(crate) fn num_out(&self) -> usize {
        self.handed_out.len()
    }

    /// Batches are handed out in their order, but a result may have come for a later one.
    fn skip_to(&mut self, index: u64) {
        if index == self.next_fresh {
            self.next_fresh += 1;
        } else if index > self.next_fresh {
            self.due_at_once.extend(self.next_fresh..index);
            self.next_fresh = index + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the plain meaning: due is what was not handed out within the delay and is not done.
        #[test]
        fn due_is_what_nobody_works_on(steps in prop::collection::vec((0_u8..5, 0_u64..12), 0..80)) {
            const DELAY_MS: u64 = 10;
            let mut schedule = Schedule::default();
            let mut out: BTreeMap<u64, u64> = BTreeMap::new();
            let mut done = BTreeSet::new();
            let mut now_ms = 100;
            for (step, index) in steps {
                match step {
                    0 => now_ms += index,
                    1 | 2 if !done.contains(&index) => {
                        schedule.hand_out(index, now_ms);
                        out.insert(index, now_ms);
                    }
                    3 => {
                        schedule.done(index);
                        out.remove(&index);
                        done.insert(index);
                    }
                    _ => {
                        schedule.again(index);
                        out.remove(&index);
                        done.remove(&index);
                    }
                }
                let due: BTreeSet<u64> = schedule
                    .due(now_ms, DELAY_MS, 12)
                    .filter(|index| !done.contains(index))
                    .collect();
                let expected: BTreeSet<u64> = (0..12)
                    .filter(|index| !done.contains(index))
                    .filter(|index| out.get(index).is_none_or(|then_ms| now_ms - then_ms >= DELAY_MS))
                    .collect();
                prop_assert_eq!(due, expected);
                prop_assert_eq!(schedule.num_out(), out.len());
            }
        }
    }
}
