//! How often each value of a field occurs, for as many values as are kept.

use std::collections::BTreeMap;

use super::super::sides::{Side, Sides};

/// Values of a field that are counted one by one, those that occur first; further ones are counted together.
pub(crate) const VALUES_KEPT_COUNT_MAX: usize = 256;

/// Values that a report shows, the most frequent ones.
pub(crate) const VALUES_LISTED_COUNT_MAX: usize = 12;

/// Counts of values on both sides.
#[derive(Debug)]
pub(crate) struct Values<K> {
    counts: BTreeMap<K, Sides<u64>>,
    /// How often values occurred that are not counted one by one.
    pub others: Sides<u64>,
}

/// The most frequent values.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Listed<'a, K> {
    /// Values and counts, the most frequent on either side first.
    pub values: Vec<(&'a K, Sides<u64>)>,
    /// How often all others occurred.
    pub others: Sides<u64>,
}

impl<K> Default for Values<K> {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            others: Sides::default(),
        }
    }
}

impl<K: Ord> Values<K> {
    pub(super) fn add<Q>(&mut self, value: &Q, own: impl FnOnce() -> K, sides: &[Side])
    where
        K: std::borrow::Borrow<Q>,
        Q: Ord + ?Sized,
    {
        if let Some(counts) = self.counts.get_mut(value) {
            counts.count(sides);
        } else if self.counts.len() < VALUES_KEPT_COUNT_MAX {
            self.counts.entry(own()).or_default().count(sides);
        } else {
            self.others.count(sides);
        }
    }

    /// Whether a value occurs more often on one side.
    #[must_use]
    pub(crate) fn differ(&self) -> bool {
        self.others.differ() || self.counts.values().any(Sides::differ)
    }

    /// Whether the most frequent values do not say much, because most events have others: names of things, or free numbers.
    #[must_use]
    pub(crate) fn are_spread(&self) -> bool {
        let Listed { values, others } = self.listed();
        let listed = |count: &dyn Fn(&Sides<u64>) -> u64| -> u64 {
            values.iter().map(|(_, counts)| count(counts)).sum()
        };
        others.recorded.max(others.replayed)
            > listed(&|counts| counts.recorded).max(listed(&|counts| counts.replayed))
    }

    /// Number of values on each side, among those that are counted one by one.
    #[must_use]
    pub(crate) fn distinct(&self) -> Sides<u64> {
        let mut distinct = Sides::default();
        for counts in self.counts.values() {
            distinct.recorded += u64::from(counts.recorded > 0);
            distinct.replayed += u64::from(counts.replayed > 0);
        }
        distinct
    }

    /// Number of values that occur on one side only, among those that are counted one by one.
    #[must_use]
    pub(crate) fn only_on_one_side(&self) -> Sides<u64> {
        let mut only = Sides::default();
        for counts in self.counts.values() {
            match (counts.recorded, counts.replayed) {
                (_, 0) => only.count(&[Side::Recorded]),
                (0, _) => only.count(&[Side::Replayed]),
                _ => {}
            }
        }
        only
    }

    /// All that are counted one by one, in their own order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&K, Sides<u64>)> {
        self.counts.iter().map(|(value, counts)| (value, *counts))
    }

    /// The most frequent ones.
    #[must_use]
    pub(crate) fn listed(&self) -> Listed<'_, K> {
        let mut values: Vec<_> = self.all().collect();
        // Stable: values of the same frequency stay in their own order.
        values.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.recorded.max(counts.replayed)));
        let mut others = self.others;
        for (_, counts) in values.iter().skip(VALUES_LISTED_COUNT_MAX) {
            others.recorded += counts.recorded;
            others.replayed += counts.replayed;
        }
        values.truncate(VALUES_LISTED_COUNT_MAX);
        Listed { values, others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(values: &mut Values<String>, value: &str, sides: &[Side]) {
        values.add(value, || value.to_owned(), sides);
    }

    #[test]
    fn frequent_values_go_first_and_others_together() {
        let mut values = Values::default();
        for index in 0..VALUES_KEPT_COUNT_MAX + 50 {
            counted(&mut values, &format!("v{index:03}"), &Side::BOTH);
        }
        assert!(values.are_spread() && !values.differ());
        counted(&mut values, "v200", &[Side::Replayed]);
        let listed = values.listed();
        assert_eq!(listed.values.len(), VALUES_LISTED_COUNT_MAX);
        let first = (
            &"v200".to_owned(),
            Sides {
                recorded: 1,
                replayed: 2,
            },
        );
        assert_eq!(listed.values[0], first);
        let others = (VALUES_KEPT_COUNT_MAX + 50 - VALUES_LISTED_COUNT_MAX) as u64;
        assert_eq!(
            listed.others,
            Sides {
                recorded: others,
                replayed: others
            }
        );
        assert!(values.differ());
    }

    #[test]
    fn values_of_one_side_are_counted() {
        let mut values = Values::default();
        counted(&mut values, "a", &Side::BOTH);
        counted(&mut values, "b", &[Side::Recorded]);
        counted(&mut values, "c", &[Side::Recorded]);
        let only = Sides {
            recorded: 2,
            replayed: 0,
        };
        assert_eq!(values.only_on_one_side(), only);
        let distinct = Sides {
            recorded: 3,
            replayed: 1,
        };
        assert_eq!(values.distinct(), distinct);
        assert!(!values.are_spread());
    }
}
