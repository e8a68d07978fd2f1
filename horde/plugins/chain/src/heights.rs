//! The newest block, the hashes of those before it, and what an answer means beside them.

use std::collections::BTreeMap;

use horde_events::Block;
use serde::{Deserialize, Serialize};

use crate::limits::HASHES_COUNT_MAX;
use crate::read::Head;

/// What was seen of the chain. Stored, so that a height that went back is known across restarts.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Heights {
    /// The newest block.
    pub(crate) newest: Option<Block>,
    /// The last hash that each of the last heights was seen with.
    hashes: BTreeMap<u32, String>,
}

/// What an answer with a block means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Sighting {
    /// It is newer than all before.
    New,
    /// It is the newest one still.
    Same,
    /// It is an older one: another node of the service, or the chain has taken blocks back.
    Older { number: u32 },
    /// Its height was seen with another hash.
    Contradiction {
        number: u32,
        before: String,
        now: String,
    },
}

impl Heights {
    /// Number of the newest block.
    pub(crate) fn newest_number(&self) -> Option<u32> {
        self.newest.as_ref().map(|block| block.number)
    }

    /// Takes note of what the service says is the newest block.
    pub(crate) fn see(&mut self, head: &Head, now_ms: u64) -> Sighting {
        let newest = self.newest_number();
        if newest.is_none_or(|newest| newest < head.number) {
            let Head { number, hash } = head.clone();
            self.hashes.insert(number, hash.clone());
            while self.hashes.len() > HASHES_COUNT_MAX {
                self.hashes.pop_first();
            }
            self.newest = Some(Block {
                number,
                hash,
                seen_ms: now_ms,
            });
            return Sighting::New;
        }
        if let Some(contradiction) = self.compare(head) {
            return contradiction;
        }
        match newest == Some(head.number) {
            true => Sighting::Same,
            false => Sighting::Older {
                number: head.number,
            },
        }
    }

    /// Compares a block with what was seen at its height, and remembers its hash in place of another: the next answer
    /// that says the same does not contradict it.
    pub(crate) fn compare(&mut self, head: &Head) -> Option<Sighting> {
        let remembered = self.hashes.get_mut(&head.number)?;
        if *remembered == head.hash {
            return None;
        }
        let before = std::mem::replace(remembered, head.hash.clone());
        if let Some(newest) = &mut self.newest
            && newest.number == head.number
        {
            newest.hash.clone_from(&head.hash);
        }
        Some(Sighting::Contradiction {
            number: head.number,
            before,
            now: head.hash.clone(),
        })
    }

    /// Whether a block is so far behind the newest one.
    pub(crate) fn is_final(&self, number: u32, finalization_blocks: u32) -> bool {
        let final_from = number.checked_add(finalization_blocks);
        final_from.is_some_and(|from| self.newest_number() >= Some(from))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(number: u32, fork: u8) -> Head {
        let hash = format!("0x{fork:064x}");
        Head { number, hash }
    }

    #[test]
    fn block_is_new_once() {
        let mut heights = Heights::default();
        assert_eq!(heights.see(&head(7, 1), 5), Sighting::New);
        assert_eq!(heights.see(&head(7, 1), 6), Sighting::Same);
        assert_eq!(heights.newest.unwrap().seen_ms, 5);
    }

    #[test]
    fn hash_that_changes_is_a_contradiction_once() {
        let mut heights = Heights::default();
        heights.see(&head(7, 1), 0);
        heights.see(&head(9, 1), 0);
        let contradiction = heights.see(&head(7, 2), 0);
        assert!(matches!(
            contradiction,
            Sighting::Contradiction { number: 7, .. }
        ));
        assert_eq!(heights.see(&head(7, 2), 0), Sighting::Older { number: 7 });
        assert_eq!(heights.compare(&head(8, 2)), None);
    }

    #[test]
    fn block_is_final_behind_the_newest() {
        let mut heights = Heights::default();
        assert!(!heights.is_final(0, 0));
        heights.see(&head(10, 1), 0);
        assert!(heights.is_final(7, 3) && !heights.is_final(8, 3));
        assert!(!heights.is_final(u32::MAX, 3));
    }

    proptest! {
        #[test]
        fn number_never_goes_back_and_memory_is_bounded(
            seen in prop::collection::vec((1_u32..200, 0_u8..2), 1..300),
        ) {
            let mut heights = Heights::default();
            for (number, fork) in seen {
                let before = heights.newest_number();
                let sighting = heights.see(&head(number, fork), 0);
                prop_assert!(heights.newest_number() >= before);
                prop_assert_eq!(sighting == Sighting::New, heights.newest_number() > before);
                prop_assert!(heights.hashes.len() <= HASHES_COUNT_MAX);
            }
        }
    }
}
