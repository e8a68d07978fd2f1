//! A round as a state machine: idle, then the block, then the four queries of that block.
//!
//! Invariant: at most one round is in flight; an answer counts once, and only for the round that asked.

use std::collections::BTreeMap;

use crate::query::Query;

/// A round that is not complete by then is given up.
pub(crate) const ROUND_MS_MAX: u64 = 45_000;

/// Bodies of the answers of a round.
pub(crate) type Bodies = BTreeMap<Query, Vec<u8>>;

/// What is being waited for.
#[derive(Debug, Default)]
pub(crate) enum Round {
    #[default]
    Idle,
    /// The latest block.
    Block { round_id: u64, deadline_ms: u64 },
    /// The rest of the snapshot; `bodies` are the answers so far, the block's among them.
    Queries {
        round_id: u64,
        deadline_ms: u64,
        bodies: Bodies,
    },
}

impl Round {
    pub(crate) fn begin(round_id: u64, now_ms: u64) -> Self {
        Self::Block {
            round_id,
            deadline_ms: now_ms.saturating_add(ROUND_MS_MAX),
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self, Self::Idle)
    }

    pub(crate) fn is_overdue(&self, now_ms: u64) -> bool {
        match self {
            Self::Idle => false,
            Self::Block { deadline_ms, .. } | Self::Queries { deadline_ms, .. } => {
                now_ms >= *deadline_ms
            }
        }
    }

    /// Whether an answer with this tag is still wanted.
    pub(crate) fn expects(&self, answered_id: u64, query: Query) -> bool {
        match self {
            Self::Idle => false,
            Self::Block { round_id, .. } => *round_id == answered_id && query == Query::Block,
            Self::Queries {
                round_id, bodies, ..
            } => *round_id == answered_id && !bodies.contains_key(&query),
        }
    }

    /// The block is new: the rest is asked for, under the same deadline.
    pub(crate) fn block_found(&mut self, body: Vec<u8>) {
        if let Self::Block {
            round_id,
            deadline_ms,
        } = *self
        {
            *self = Self::Queries {
                round_id,
                deadline_ms,
                bodies: Bodies::from([(Query::Block, body)]),
            };
        }
    }

    /// Keeps an expected answer; with the last one the round ends and hands out all of them.
    pub(crate) fn answered(&mut self, query: Query, body: Vec<u8>) -> Option<Bodies> {
        let Self::Queries { bodies, .. } = self else {
            return None;
        };
        bodies.insert(query, body);
        if bodies.len() < Query::ALL.len() {
            return None;
        }
        let bodies = std::mem::take(bodies);
        *self = Self::Idle;
        Some(bodies)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// In whatever order answers come, repeated or from other rounds: complete exactly once, with the right bodies.
        #[test]
        fn a_round_completes_once_with_its_own_answers(
            answers in prop::collection::vec((0_u64..3, 0_usize..5), 0..60),
        ) {
            let mut round = Round::begin(1, 0);
            let mut completed = 0;
            for (round_id, index) in answers {
                let query = Query::ALL[index];
                if !round.expects(round_id, query) {
                    continue;
                }
                prop_assert_eq!(round_id, 1);
                if query == Query::Block {
                    round.block_found(vec![0]);
                } else if let Some(bodies) = round.answered(query, vec![index as u8]) {
                    completed += 1;
                    prop_assert!(round.is_idle());
                    let expected: Bodies = Query::ALL.into_iter().zip((0..5).map(|i| vec![i])).collect();
                    prop_assert_eq!(bodies, expected);
                }
            }
            prop_assert!(completed <= 1);
        }
    }

    #[test]
    fn a_round_is_overdue_at_its_deadline_only() {
        let round = Round::begin(1, 1000);
        assert!(!round.is_overdue(1000 + ROUND_MS_MAX - 1));
        assert!(round.is_overdue(1000 + ROUND_MS_MAX));
        assert!(!Round::Idle.is_overdue(u64::MAX));
    }
}
