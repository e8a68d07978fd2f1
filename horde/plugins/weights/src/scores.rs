//! The scores of a batch as a scorer gives them, which any operator may have written: bounded and checked.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Scores of a batch, at most: as many as there are uids.
pub(crate) const SCORES_COUNT_MAX: usize = 1 << 16;
/// The greatest score. Weights are single precision on their way to the chain: a greater number could be infinite there, or the
/// sum of [`SCORES_COUNT_MAX`] of them.
const SCORE_MAX: f64 = 1e33;
/// Longest hotkey that is taken, in bytes; an SS58 address has 48.
const HOTKEY_BYTES_MAX: usize = 64;

/// The event `horde_scores`, of which only the sound scores are kept.
#[derive(Debug, Deserialize)]
pub(crate) struct GivenScores {
    pub(crate) cycle_start: u64,
    pub(crate) batch: String,
    pub(crate) scores: CheckedScores,
}

/// Scores that weights can be made of, and what was left out.
#[derive(Debug, Default)]
pub(crate) struct CheckedScores {
    /// From 0 to [`SCORE_MAX`].
    pub(crate) sound: BTreeMap<String, f64>,
    /// Entries in all.
    pub(crate) count: usize,
    /// The first entry that is not a score, and how many there are.
    pub(crate) unsound: Option<String>,
    pub(crate) unsound_count: usize,
}

/// Why a cycle has no weights: its scores are not usable.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ScoresFault {
    /// An empty map: the scorer has found nothing to score.
    #[error("the scorer has given no score for batch {batch}")]
    Empty {
        /// The batch.
        batch: String,
    },
    /// More than a subnet can have.
    #[error(
        "the scorer has given {count} scores, and a subnet has at most {SCORES_COUNT_MAX} neurons"
    )]
    TooMany {
        /// Number of scores.
        count: usize,
    },
    /// Not one number that a weight can be made of.
    #[error("none of {count} scores is a number from 0 to 1e33; the first is {first}")]
    Unsound {
        /// Number of scores.
        count: usize,
        /// Hotkey and value.
        first: String,
    },
}

impl CheckedScores {
    /// The scores, if weights can be made of them.
    pub(crate) fn usable(self, batch: &str) -> Result<BTreeMap<String, f64>, ScoresFault> {
        let count = self.count;
        if count > SCORES_COUNT_MAX {
            return Err(ScoresFault::TooMany { count });
        }
        match self.unsound {
            _ if count == 0 => Err(ScoresFault::Empty {
                batch: batch.to_owned(),
            }),
            Some(first) if self.sound.is_empty() => Err(ScoresFault::Unsound { count, first }),
            _ => Ok(self.sound),
        }
    }

    fn insert(&mut self, hotkey: String, score: &Value) {
        match score.as_f64() {
            Some(score)
                if (0.0..=SCORE_MAX).contains(&score) && hotkey.len() <= HOTKEY_BYTES_MAX =>
            {
                // -0 would be a weight that is not above 0 and shows as negative.
                self.sound.insert(hotkey, score.abs());
            }
            _ => {
                self.unsound_count += 1;
                if self.unsound.is_none() {
                    let value = score.to_string();
                    let shown = format!("{hotkey}: {value}");
                    self.unsound = Some(horde_events::quote(&shown));
                }
            }
        }
    }
}

impl<'de> Deserialize<'de> for CheckedScores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ScoresVisitor)
    }
}

struct ScoresVisitor;

impl<'de> Visitor<'de> for ScoresVisitor {
    type Value = CheckedScores;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("scores by hotkey")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CheckedScores, A::Error> {
        let mut scores = CheckedScores::default();
        while scores.count < SCORES_COUNT_MAX {
            // JSON has neither NaN nor infinity: a scorer that has one writes `null`.
            let Some((hotkey, score)) = map.next_entry::<String, Value>()? else {
                return Ok(scores);
            };
            scores.count += 1;
            scores.insert(hotkey, &score);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            scores.count += 1;
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(scores: &str) -> CheckedScores {
        serde_json::from_str(scores).unwrap()
    }

    #[test]
    fn unsound_scores_are_left_out() {
        let scores = checked(r#"{"5A": 1, "5B": null, "5C": -1, "5D": "2", "5E": -0.0}"#);
        assert_eq!((scores.count, scores.unsound_count), (5, 3));
        assert_eq!(scores.unsound.as_deref(), Some(r#""5B: null""#));
        let usable = scores.usable("b").unwrap();
        assert_eq!(
            usable,
            [("5A".to_owned(), 1.0), ("5E".to_owned(), 0.0)].into()
        );
        assert!(usable["5E"].is_sign_positive());
    }

    #[test]
    fn sum_of_the_greatest_scores_is_finite() {
        let scores = checked(r#"{"5A": 1e33, "5B": 2e33}"#);
        assert_eq!(scores.unsound.as_deref(), Some(r#""5B: 2e+33""#));
        assert_eq!(
            scores.usable("b").unwrap(),
            [("5A".to_owned(), 1e33)].into()
        );
        let sum = SCORES_COUNT_MAX as f32 * SCORE_MAX as f32;
        assert!(sum.is_finite(), "{sum}");
    }

    #[test]
    fn unusable_scores_are_named() {
        let fault = |scores: &str| checked(scores).usable("b7").unwrap_err();
        let batch = "b7".to_owned();
        assert_eq!(fault("{}"), ScoresFault::Empty { batch });
        let unsound = fault(r#"{"5A": null, "5B": -2}"#);
        let first = r#""5A: null""#.to_owned();
        assert_eq!(unsound, ScoresFault::Unsound { count: 2, first });
    }

    /// A million hotkeys are counted and not kept.
    #[test]
    fn million_scores_are_refused_unkept() {
        let entries = (0..1_000_000).map(|number| format!(r#""5{number}":1"#));
        let scores = checked(&format!("{{{}}}", entries.collect::<Vec<_>>().join(",")));
        assert_eq!(scores.sound.len(), SCORES_COUNT_MAX);
        let fault = ScoresFault::TooMany { count: 1_000_000 };
        assert_eq!(scores.usable("b"), Err(fault));
    }
}
