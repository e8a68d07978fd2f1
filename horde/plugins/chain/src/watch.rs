//! Whether the chain can be followed: the state machine behind `horde_chain_state`.

use horde_events::{ChainCondition, ChainState};
use serde::{Deserialize, Serialize};

use crate::heights::Sighting;

/// What the last answers say of the service. Begun afresh at each start.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Watch {
    /// The state that was emitted last.
    pub(crate) state: Option<ChainState>,
    /// Requests that have failed in a row.
    pub(crate) failures: u32,
    /// When the last of them has failed. A snapshot of an older version does not have it.
    #[serde(default)]
    pub(crate) last_failure_ms: Option<u64>,
    /// Since when there is no new block, from the moment on at which the service answered.
    quiet_since_ms: Option<u64>,
    /// Since when its blocks are below the newest one.
    below_since_ms: Option<u64>,
    /// The contradiction of an answer, until there is a new block.
    contradiction: Option<String>,
}

impl Watch {
    pub(crate) fn is_following(&self) -> bool {
        let condition = self.state.as_ref().map(|state| &state.condition);
        matches!(condition, Some(ChainCondition::Following))
    }

    fn is_unreachable(&self) -> bool {
        let condition = self.state.as_ref().map(|state| &state.condition);
        matches!(condition, Some(ChainCondition::Unreachable { .. }))
    }

    /// Whether two answers have named one block with two hashes, and no new block has come since.
    pub(crate) fn has_two_hashes(&self) -> bool {
        self.contradiction.is_some()
    }

    /// The service has not answered as it should.
    pub(crate) fn fail(&mut self, reason: String, now_ms: u64) -> Option<ChainState> {
        self.failures = self.failures.saturating_add(1);
        self.last_failure_ms = Some(now_ms);
        (self.quiet_since_ms, self.below_since_ms) = (None, None);
        self.enter(ChainCondition::Unreachable { reason }, now_ms)
    }

    /// The service has answered. `newest` is the newest block that was ever seen. Returns the state if it has changed.
    pub(crate) fn see(
        &mut self,
        sighting: &Sighting,
        newest: u32,
        stall_ms: u64,
        now_ms: u64,
    ) -> Option<ChainState> {
        self.failures = 0;
        match sighting {
            Sighting::New => {
                (self.quiet_since_ms, self.below_since_ms) = (Some(now_ms), None);
                self.contradiction = None;
            }
            Sighting::Same => self.below_since_ms = None,
            Sighting::Older { .. } => _ = self.below_since_ms.get_or_insert(now_ms),
            Sighting::Contradiction {
                number,
                before,
                now,
            } => {
                let reason = format!(
                    "block {number} has the hash {now}, and had {before} before; nothing is decided until there is a new block"
                );
                self.contradiction = Some(reason);
            }
        }
        let quiet_since_ms = *self.quiet_since_ms.get_or_insert(now_ms);
        let is_long = |since_ms: u64| now_ms.saturating_sub(since_ms) >= stall_ms;
        let condition = match (&self.contradiction, sighting) {
            (Some(reason), _) => {
                let reason = reason.clone();
                ChainCondition::Contradicts { reason }
            }
            (None, Sighting::Older { number }) if self.below_since_ms.is_some_and(is_long) => {
                let reason = format!(
                    "the newest block is {number}, and was {newest} before; nothing is decided until the chain is past it; if the chain was begun anew, begin with an empty store"
                );
                ChainCondition::Contradicts { reason }
            }
            (None, Sighting::Same | Sighting::Older { .. }) if is_long(quiet_since_ms) => {
                ChainCondition::StandsStill { block: newest }
            }
            // A short reorganisation, or a node that lags: no reason to say anything.
            (None, Sighting::Older { .. }) if !self.is_unreachable() => return None,
            (None, _) => ChainCondition::Following,
        };
        self.enter(condition, now_ms)
    }

    fn enter(&mut self, condition: ChainCondition, now_ms: u64) -> Option<ChainState> {
        if let Some(present) = &mut self.state
            && is_same_kind(&present.condition, &condition)
        {
            // For the status; the words alone are no news.
            present.condition = condition;
            return None;
        }
        let state = ChainState {
            condition,
            since_ms: now_ms,
        };
        self.state = Some(state.clone());
        Some(state)
    }
}

/// Whether two conditions differ at most in their words: each is reported once.
fn is_same_kind(one: &ChainCondition, other: &ChainCondition) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL_MS: u64 = 180_000;

    fn see(watch: &mut Watch, sighting: &Sighting, now_ms: u64) -> Option<ChainCondition> {
        let state = watch.see(sighting, 10, STALL_MS, now_ms)?;
        assert_eq!(state.since_ms, now_ms);
        Some(state.condition)
    }

    fn fork() -> Sighting {
        Sighting::Contradiction {
            number: 10,
            before: "0x1".to_owned(),
            now: "0x2".to_owned(),
        }
    }

    #[test]
    fn state_is_reported_when_it_changes() {
        let mut watch = Watch::default();
        let following = see(&mut watch, &Sighting::New, 0);
        assert_eq!(following, Some(ChainCondition::Following));
        assert_eq!(see(&mut watch, &Sighting::New, 1), None);
        assert!(watch.fail("one".to_owned(), 2).is_some());
        assert_eq!(watch.fail("another".to_owned(), 3), None);
        assert_eq!(watch.failures, 2);
        let following = see(&mut watch, &Sighting::Same, 4);
        assert_eq!(following, Some(ChainCondition::Following));
        assert_eq!(watch.failures, 0);
    }

    #[test]
    fn block_that_stays_for_three_minutes_stands_still() {
        let mut watch = Watch::default();
        see(&mut watch, &Sighting::New, 0);
        assert_eq!(see(&mut watch, &Sighting::Same, STALL_MS - 1), None);
        let still = see(&mut watch, &Sighting::Same, STALL_MS);
        assert_eq!(still, Some(ChainCondition::StandsStill { block: 10 }));
        let following = see(&mut watch, &Sighting::New, STALL_MS + 1);
        assert_eq!(following, Some(ChainCondition::Following));
    }

    /// A service that was away for long has not been seen to stand still.
    #[test]
    fn time_without_answers_does_not_count_as_still() {
        let mut watch = Watch::default();
        see(&mut watch, &Sighting::New, 0);
        watch.fail("away".to_owned(), 1);
        let following = see(&mut watch, &Sighting::Same, 10 * STALL_MS);
        assert_eq!(following, Some(ChainCondition::Following));
        let still = see(&mut watch, &Sighting::Same, 11 * STALL_MS);
        assert_eq!(still, Some(ChainCondition::StandsStill { block: 10 }));
    }

    #[test]
    fn short_reorganisation_is_silent() {
        let mut watch = Watch::default();
        see(&mut watch, &Sighting::New, 0);
        let older = Sighting::Older { number: 9 };
        assert_eq!(see(&mut watch, &older, 1), None);
        assert_eq!(see(&mut watch, &Sighting::New, 2), None);
        // The time below the newest block begins afresh.
        assert_eq!(see(&mut watch, &older, STALL_MS), None);
    }

    #[test]
    fn time_below_the_newest_block_begins_afresh() {
        let mut watch = Watch::default();
        let older = Sighting::Older { number: 9 };
        see(&mut watch, &older, 0);
        let following = see(&mut watch, &Sighting::Same, STALL_MS - 1);
        assert_eq!(following, Some(ChainCondition::Following));
        let still = see(&mut watch, &older, STALL_MS);
        assert_eq!(still, Some(ChainCondition::StandsStill { block: 10 }));
    }

    #[test]
    fn service_that_is_back_below_is_reachable() {
        let mut watch = Watch::default();
        watch.fail("away".to_owned(), 0);
        let following = see(&mut watch, &Sighting::Older { number: 9 }, 1);
        assert_eq!(following, Some(ChainCondition::Following));
    }

    #[test]
    fn height_that_stays_back_contradicts() {
        let mut watch = Watch::default();
        let older = Sighting::Older { number: 9 };
        assert_eq!(see(&mut watch, &older, 1), None);
        let contradicts = see(&mut watch, &older, STALL_MS + 1);
        let Some(ChainCondition::Contradicts { reason }) = contradicts else {
            panic!("{contradicts:?}");
        };
        assert!(reason.contains("is 9, and was 10 before"), "{reason}");
    }

    #[test]
    fn contradiction_lasts_until_a_new_block() {
        let mut watch = Watch::default();
        see(&mut watch, &Sighting::New, 0);
        let contradicts = see(&mut watch, &fork(), 1);
        assert!(matches!(
            contradicts,
            Some(ChainCondition::Contradicts { .. })
        ));
        assert_eq!(see(&mut watch, &Sighting::Same, 2), None);
        // It is not forgotten while the service is away.
        watch.fail("away".to_owned(), 3);
        let contradicts = see(&mut watch, &Sighting::Same, 4);
        assert!(matches!(
            contradicts,
            Some(ChainCondition::Contradicts { .. })
        ));
        let following = see(&mut watch, &Sighting::New, 5);
        assert_eq!(following, Some(ChainCondition::Following));
    }
}
