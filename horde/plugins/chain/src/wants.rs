//! Blocks whose neurons are wanted.

use serde::{Deserialize, Serialize};

use crate::limits::{FETCHES_COUNT_MAX, WANT_TIMEOUT_MS, WANTS_COUNT_MAX};

/// Neurons that are wanted of a block.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Want {
    /// The block, or `None` for the newest one.
    pub(crate) block: Option<u32>,
    since_ms: u64,
    /// Tag of the request that is on its way.
    tag: Option<String>,
}

/// At most one want, and one request, for each block.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Wants(Vec<Want>);

impl Wants {
    /// Adds a want, or merges it with the one that is there. Returns whether there was room.
    pub(crate) fn add(&mut self, block: Option<u32>, now_ms: u64) -> bool {
        if self.blocks().any(|wanted| wanted == block) {
            return true;
        }
        // There is one want of the newest block at most, so that it always has room.
        let has_room = self.0.len() < WANTS_COUNT_MAX || block.is_none();
        if has_room {
            self.0.push(Want {
                block,
                since_ms: now_ms,
                tag: None,
            });
        }
        has_room
    }

    /// The next block to fetch, of those that are `ready`.
    pub(crate) fn next(&self, ready: impl Fn(Option<u32>) -> bool) -> Option<Option<u32>> {
        let under_way = self.0.iter().filter(|want| want.tag.is_some()).count();
        let mut waiting = self.0.iter().filter(|want| want.tag.is_none());
        let next = waiting.find(|want| ready(want.block))?;
        (under_way < FETCHES_COUNT_MAX).then_some(next.block)
    }

    /// The request for a block is on its way.
    pub(crate) fn sent(&mut self, block: Option<u32>, tag: String) {
        let mut wants = self.0.iter_mut();
        if let Some(want) = wants.find(|want| want.block == block) {
            want.tag = Some(tag);
        }
    }

    /// The request of this tag has come back. Returns its block.
    pub(crate) fn returned(&mut self, tag: &str) -> Option<Option<u32>> {
        let mut wants = self.0.iter_mut();
        let want = wants.find(|want| want.tag.as_deref() == Some(tag))?;
        want.tag = None;
        Some(want.block)
    }

    /// Removes the want of a block. Returns whether there was one.
    pub(crate) fn remove(&mut self, block: Option<u32>) -> bool {
        let before = self.0.len();
        self.0.retain(|want| want.block != block);
        self.0.len() < before
    }

    /// Removes and returns the blocks that are wanted for too long.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<Option<u32>> {
        let is_old = |want: &Want| now_ms.saturating_sub(want.since_ms) >= WANT_TIMEOUT_MS;
        let old = self.0.extract_if(.., |want| is_old(want));
        old.map(|want| want.block).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The blocks.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Option<u32>> {
        self.0.iter().map(|want| want.block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_of_one_block_are_merged() {
        let mut wants = Wants::default();
        assert!(wants.add(Some(7), 0) && wants.add(Some(7), 1));
        assert_eq!(wants.next(|_| true), Some(Some(7)));
        wants.sent(Some(7), "a".to_owned());
        assert!(wants.add(Some(7), 2));
        assert_eq!(wants.next(|_| true), None);
        assert_eq!(wants.returned("b"), None);
        assert_eq!(wants.returned("a"), Some(Some(7)));
        assert!(wants.remove(Some(7)) && !wants.remove(Some(7)));
    }

    #[test]
    fn wants_and_requests_are_bounded() {
        let mut wants = Wants::default();
        let blocks = 0..WANTS_COUNT_MAX as u32;
        assert!(blocks.clone().all(|block| wants.add(Some(block), 0)));
        assert!(!wants.add(Some(u32::MAX), 0));
        assert!(wants.add(None, 0));
        for block in blocks {
            if wants.next(|_| true).is_some() {
                wants.sent(Some(block), block.to_string());
            }
        }
        let under_way = wants.0.iter().filter(|want| want.tag.is_some()).count();
        assert_eq!(under_way, FETCHES_COUNT_MAX);
    }

    #[test]
    fn block_that_is_not_ready_holds_up_none() {
        let mut wants = Wants::default();
        wants.add(Some(9), 0);
        wants.add(None, 0);
        assert_eq!(wants.next(|block| block.is_none()), Some(None));
    }

    #[test]
    fn want_without_an_answer_expires() {
        let mut wants = Wants::default();
        wants.add(None, 0);
        wants.add(Some(1), 1);
        // Whoever asks again and again must not keep those who wait from the end of their wait.
        wants.add(None, 1);
        assert_eq!(wants.expire(WANT_TIMEOUT_MS), [None]);
        assert_eq!(wants.blocks().collect::<Vec<_>>(), [Some(1)]);
    }
}
