//! The writes of an extension's transactions in flight, as its later handlers must see them.
//!
//! Invariant: a write stays here from the return of its handler until it is on disk. Two generations take turns, so
//! that completed writes are forgotten without a look at each key.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::store::Writes;

#[derive(Debug, Default)]
struct Generation {
    writes: Writes,
    /// Number of its last transaction.
    last: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Overlay {
    older: Generation,
    younger: Generation,
}

impl Overlay {
    /// Adds the writes of transaction `number`, the latest so far.
    pub(crate) fn add(&mut self, number: u64, writes: &Writes) {
        self.younger.last = number;
        for (key, value) in writes {
            self.younger.writes.insert(key.clone(), value.clone());
        }
    }

    /// Forgets transactions up to `number`, which are on disk.
    pub(crate) fn complete(&mut self, number: u64) {
        for _ in 0..2 {
            if self.older.last <= number && !(self.older.is_empty() && self.younger.is_empty()) {
                self.older = std::mem::take(&mut self.younger);
            }
        }
    }

    /// The pending value of `key`: `Some(None)` if it is deleted, `None` if no write is pending.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<&Option<Arc<[u8]>>> {
        let younger = self.younger.writes.get(key);
        younger.or_else(|| self.older.writes.get(key))
    }

    /// Merges the pending writes to keys with this `prefix` into `stored`.
    pub(crate) fn merge(&self, prefix: &str, stored: &mut BTreeMap<String, Vec<u8>>) {
        merge(&self.older.writes, prefix, stored);
        merge(&self.younger.writes, prefix, stored);
    }
}

impl Generation {
    fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

/// Merges `writes` to keys with this `prefix` into `stored`.
pub(crate) fn merge(writes: &Writes, prefix: &str, stored: &mut BTreeMap<String, Vec<u8>>) {
    let from_prefix = writes.range(prefix.to_owned()..);
    for (key, value) in from_prefix.take_while(|(key, _)| key.starts_with(prefix)) {
        match value {
            Some(value) => stored.insert(key.clone(), value.to_vec()),
            None => stored.remove(key),
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However far the disk lags behind, disk and overlay together show every write.
        #[test]
        fn disk_and_overlay_together_show_every_write(
            writes in prop::collection::vec(("[abc]", prop::option::of(0_u8..9), 0_u64..4), 0..40),
        ) {
            let mut overlay = Overlay::default();
            let (mut disk, mut all): (Writes, Writes) = Default::default();
            let mut waiting = std::collections::VecDeque::new();
            let mut completed = 0;
            for (number, (key, value, lag)) in (1..).zip(writes) {
                let value = value.map(|byte| Arc::from(&[byte][..]));
                all.insert(key.clone(), value.clone());
                let written = Writes::from([(key, value)]);
                overlay.add(number, &written);
                waiting.push_back(written);
                while waiting.len() as u64 > lag {
                    disk.extend(waiting.pop_front().unwrap());
                    completed += 1;
                }
                overlay.complete(completed);
                let mut seen = BTreeMap::new();
                merge(&disk, "", &mut seen);
                overlay.merge("", &mut seen);
                let mut expected = BTreeMap::new();
                merge(&all, "", &mut expected);
                prop_assert_eq!(&seen, &expected);
                for key in ["a", "b", "c"] {
                    let shown = overlay.get(key).cloned().or_else(|| disk.get(key).cloned());
                    prop_assert_eq!(shown.flatten(), all.get(key).cloned().flatten());
                }
            }
            overlay.complete(u64::MAX);
            prop_assert!(overlay.older.is_empty() && overlay.younger.is_empty(), "nothing is kept");
        }
    }
}
