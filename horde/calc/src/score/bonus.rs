//! The bonus for manifests that change (sections 3.5 and 10.4).
//!
//! A miner that offers other hardware than before gets it, so that miners do not keep all theirs at one validator.

/// How large the bonus is, and how much a manifest must change for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ManifestBonus {
    /// What a score is multiplied by (`DYNAMIC_MANIFEST_SCORE_MULTIPLIER`).
    pub multiplier: f64,
    /// Larger count of executors by smaller (`DYNAMIC_MANIFEST_DANCE_RATIO_THRESHOLD`).
    pub ratio_min: f64,
}

/// Executors of a class that answered rightly in the batch of the cycle before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreviousCount {
    /// So many did.
    Known(u64),
    /// The batch was finished, and the miner offered none.
    NotOffered,
    /// No batch was finished in the cycle before: nothing can be compared, so nobody gets the bonus.
    NoBatch,
}

impl Default for ManifestBonus {
    fn default() -> Self {
        Self {
            multiplier: 1.05,
            ratio_min: 1.4,
        }
    }
}

impl ManifestBonus {
    /// What the scores of a miner in a class are multiplied by, if `current` of its executors answered rightly.
    pub fn multiplier(self, previous: PreviousCount, current: u64) -> f64 {
        let has_changed = match previous {
            PreviousCount::NoBatch => false,
            PreviousCount::NotOffered => true,
            PreviousCount::Known(previous) => {
                let smaller = previous.min(current);
                let larger = previous.max(current);
                smaller == 0 || larger as f64 / smaller as f64 >= self.ratio_min
            }
        };
        if has_changed { self.multiplier } else { 1.0 }
    }
}
