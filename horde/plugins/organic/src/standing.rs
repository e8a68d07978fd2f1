//! What is known of a miner: its manifest, how it has failed, and whether it is blocked.

use horde_events::ExecutorCount;
use horde_proto::ExecutorClass;
use serde::{Deserialize, Serialize};

use crate::limits::{
    BLOCK_DOUBLINGS_MAX, FAILURE_GRACE_MS, FAILURES_UNTIL_BLOCK, MANIFEST_FRESH_MS,
    MANIFEST_STORED_MS,
};
use crate::text::cut_reason;
use crate::verdict::Blame;

/// A block, with its end.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Block {
    /// In Unix milliseconds.
    #[serde(default)]
    pub(crate) since_ms: u64,
    /// In Unix milliseconds.
    pub(crate) until_ms: u64,
    /// Why, in words.
    pub(crate) reason: String,
    /// An operator has set it: the miner gets no job at all, also if a user names it.
    pub(crate) is_manual: bool,
}

/// What is known of a miner.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Standing {
    /// The manifest that it has shown last.
    pub(crate) manifest: Vec<ExecutorCount>,
    /// When, in Unix milliseconds; 0 if it has shown none.
    pub(crate) shown_ms: u64,
    /// Failures that count for a block, in succession.
    pub(crate) failures: u32,
    /// When a job has last gone wrong at it, in Unix milliseconds; 0 if none has.
    pub(crate) failed_ms: u64,
    /// What went wrong then.
    pub(crate) failure: String,
    /// It gets no jobs for a time.
    pub(crate) block: Option<Block>,
}

impl Standing {
    /// Takes a manifest. Returns whether that has to be stored.
    pub(crate) fn show(&mut self, manifest: Vec<ExecutorCount>, now_ms: u64) -> bool {
        let is_news = self.manifest != manifest;
        self.manifest = manifest;
        if !is_news && now_ms.abs_diff(self.shown_ms) < MANIFEST_STORED_MS {
            return false;
        }
        self.shown_ms = now_ms;
        true
    }

    /// Executors of a class, if the manifest is fresh.
    pub(crate) fn executors(&self, class: ExecutorClass, now_ms: u64) -> u32 {
        if !self.has_fresh_manifest(now_ms) {
            return 0;
        }
        let mut counts = self.manifest.iter();
        let count = counts.find(|entry| entry.executor_class == class.as_str());
        count.map_or(0, |entry| entry.count)
    }

    /// Whether the manifest counts. One of the future was shown to a clock that was ahead.
    pub(crate) fn has_fresh_manifest(&self, now_ms: u64) -> bool {
        self.shown_ms > 0 && now_ms.abs_diff(self.shown_ms) <= MANIFEST_FRESH_MS
    }

    /// The block, if it is not over. One of the future was set by a clock that was ahead, which might last for years; an operator ends
    /// its own.
    pub(crate) fn open_block(&self, now_ms: u64) -> Option<&Block> {
        let is_open = |block: &&Block| {
            block.until_ms > now_ms && (block.is_manual || block.since_ms <= now_ms)
        };
        self.block.as_ref().filter(is_open)
    }

    /// How much a miner comes after others: its failures, as long as the last one is not forgotten.
    pub(crate) fn demerits(&self, now_ms: u64) -> u32 {
        match self.failed_ms > 0 && now_ms.abs_diff(self.failed_ms) <= FAILURE_GRACE_MS {
            true => self.failures + 1,
            false => 0,
        }
    }

    /// Counts the end of an attempt. Returns whether that has to be stored.
    pub(crate) fn note(
        &mut self,
        blame: Blame,
        reason: &str,
        block_seconds: u64,
        now_ms: u64,
    ) -> bool {
        match blame {
            Blame::None => return false,
            Blame::Praise => {
                let was_clean = self.failures == 0 && self.failed_ms == 0;
                (self.failures, self.failed_ms) = (0, 0);
                self.failure.clear();
                return !was_clean;
            }
            Blame::Later => {}
            Blame::Failure => {
                // A failure long ago does not count as one before.
                if self.demerits(now_ms) == 0 {
                    self.failures = 0;
                }
                self.failures = self.failures.saturating_add(1);
                self.block_if_due(block_seconds, now_ms);
            }
        }
        self.failed_ms = now_ms;
        self.failure = cut_reason(reason);
        true
    }

    fn block_if_due(&mut self, block_seconds: u64, now_ms: u64) {
        let Some(further) = self.failures.checked_sub(FAILURES_UNTIL_BLOCK) else {
            return;
        };
        let seconds = block_seconds << further.min(BLOCK_DOUBLINGS_MAX);
        let until_ms = now_ms + seconds * 1_000;
        let is_manual = self.open_block(now_ms).is_some_and(|it| it.is_manual);
        if block_seconds > 0 && !is_manual {
            self.block = Some(Block {
                since_ms: now_ms,
                until_ms,
                reason: format!("{} failures in succession", self.failures),
                is_manual: false,
            });
        }
    }

    /// Whether nothing of it matters any more.
    pub(crate) fn is_forgettable(&self, now_ms: u64) -> bool {
        !self.has_fresh_manifest(now_ms)
            && self.demerits(now_ms) == 0
            && self.open_block(now_ms).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const NOW_MS: u64 = 1_000 * HOUR_MS;

    fn shown(count: u32) -> Vec<ExecutorCount> {
        vec![ExecutorCount {
            executor_class: "always_on.gpu-24gb".to_owned(),
            count,
        }]
    }

    fn fail(standing: &mut Standing, now_ms: u64) {
        assert!(standing.note(Blame::Failure, "gone", 600, now_ms));
    }

    #[test]
    fn manifest_counts_for_four_hours() {
        let mut standing = Standing::default();
        let class = ExecutorClass::AlwaysOnGpu24Gb;
        assert_eq!(standing.executors(class, 1), 0);
        assert!(standing.show(shown(2), NOW_MS));
        assert_eq!(standing.executors(class, NOW_MS + 4 * HOUR_MS), 2);
        assert_eq!(standing.executors(class, NOW_MS + 4 * HOUR_MS + 1), 0);
        assert_eq!(
            standing.executors(ExecutorClass::AlwaysOnLlmA6000, NOW_MS),
            0
        );
        // The clock was a day ahead.
        assert_eq!(standing.executors(class, NOW_MS - 24 * HOUR_MS), 0);
    }

    #[test]
    fn manifest_is_stored_when_it_changes_or_ages() {
        let mut standing = Standing::default();
        assert!(standing.show(shown(2), NOW_MS));
        assert!(!standing.show(shown(2), NOW_MS + MANIFEST_STORED_MS - 1));
        assert!(standing.show(shown(3), NOW_MS + 1));
        assert!(standing.show(shown(3), NOW_MS + 1 + MANIFEST_STORED_MS));
    }

    #[test]
    fn third_failure_in_succession_blocks() {
        let mut standing = Standing::default();
        fail(&mut standing, NOW_MS);
        fail(&mut standing, NOW_MS);
        assert_eq!(standing.open_block(NOW_MS), None);
        fail(&mut standing, NOW_MS);
        assert!(standing.open_block(NOW_MS + 599_999).is_some());
        assert!(standing.open_block(NOW_MS + 600_000).is_none());
        fail(&mut standing, NOW_MS + 600_000);
        assert_eq!(standing.block.unwrap().until_ms, NOW_MS + 1_800_000);
    }

    #[test]
    fn block_of_an_operator_stays() {
        let mut standing = Standing::default();
        let block = Block {
            since_ms: NOW_MS,
            until_ms: NOW_MS + 1,
            reason: "mine".to_owned(),
            is_manual: true,
        };
        standing.block = Some(block.clone());
        for _ in 0..5 {
            fail(&mut standing, NOW_MS);
        }
        assert_eq!(standing.block, Some(block));
        fail(&mut standing, NOW_MS + 1);
        assert!(!standing.block.unwrap().is_manual);
    }

    #[test]
    fn block_has_a_longest_time() {
        let mut standing = Standing::default();
        for _ in 0..100 {
            fail(&mut standing, NOW_MS);
        }
        assert_eq!(standing.block.unwrap().until_ms, NOW_MS + 16 * 600_000);
    }

    #[test]
    fn block_of_a_clock_that_was_ahead_is_over() {
        let mut standing = Standing::default();
        let ahead_ms = NOW_MS + 24 * HOUR_MS;
        for _ in 0..3 {
            fail(&mut standing, ahead_ms);
        }
        assert!(standing.open_block(ahead_ms).is_some());
        assert_eq!(standing.open_block(NOW_MS), None);
        // An operator means what it says.
        if let Some(block) = &mut standing.block {
            block.is_manual = true;
        }
        assert!(standing.open_block(NOW_MS).is_some());
    }

    #[test]
    fn success_makes_up_for_failures() {
        let mut standing = Standing::default();
        fail(&mut standing, NOW_MS);
        fail(&mut standing, NOW_MS);
        assert_eq!(standing.demerits(NOW_MS), 3);
        assert!(standing.note(Blame::Praise, "", 600, NOW_MS));
        assert!(!standing.note(Blame::Praise, "", 600, NOW_MS));
        fail(&mut standing, NOW_MS);
        assert_eq!((standing.demerits(NOW_MS), standing.block), (2, None));
    }

    #[test]
    fn failures_far_apart_are_no_succession() {
        let mut standing = Standing::default();
        for number in 0..5 {
            let now_ms = NOW_MS + number * (HOUR_MS + 1);
            fail(&mut standing, now_ms);
            assert_eq!(standing.failures, 1);
        }
        assert_eq!(standing.block, None);
    }

    #[test]
    fn refusal_moves_a_miner_back_and_blocks_none() {
        let mut standing = Standing::default();
        for _ in 0..10 {
            assert!(standing.note(Blame::Later, "declined", 600, NOW_MS));
        }
        assert_eq!(
            (standing.demerits(NOW_MS), standing.block.clone()),
            (1, None)
        );
        assert_eq!(standing.demerits(NOW_MS + HOUR_MS + 1), 0);
        assert!(standing.is_forgettable(NOW_MS + HOUR_MS + 1));
    }
}
