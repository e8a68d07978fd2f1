//! Whether a precommit could be finished while its proof still counts.

use tig_events::ChallengeThroughput;

/// Blocks of a benchmark's useful life that pass while nothing is computed: for precommit, benchmark and proof to be
/// confirmed, and one for good measure.
const CONFIRMING_BLOCKS: u32 = 4;

/// Seconds that a precommit needs, and those that it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lifetime {
    pub(crate) needed: f64,
    pub(crate) available: f64,
}

impl Lifetime {
    /// `None` while one of the measurements is missing.
    pub(crate) fn new(
        throughput: Option<&ChallengeThroughput>,
        new_nonces: u64,
        useful_blocks: Option<u32>,
        block_seconds: Option<f64>,
    ) -> Option<Self> {
        let throughput = throughput?;
        let nonces = (throughput.open_nonces + new_nonces) as f64;
        let blocks = useful_blocks?.saturating_sub(CONFIRMING_BLOCKS);
        Some(Self {
            needed: nonces / throughput.nonces_per_second?,
            available: f64::from(blocks) * block_seconds?,
        })
    }

    pub(crate) fn is_enough(self) -> bool {
        self.needed <= self.available
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_without_measurements() {
        let measured = ChallengeThroughput {
            nonces_per_second: Some(10.0),
            open_nonces: 1_000,
            computed_jobs: None,
        };
        let lifetime = Lifetime::new(Some(&measured), 500, Some(29), Some(60.0)).unwrap();
        assert_eq!(lifetime.needed, 150.0);
        assert_eq!(lifetime.available, 1_500.0);
        assert!(lifetime.is_enough());
        assert_eq!(Lifetime::new(None, 500, Some(29), Some(60.0)), None);
        assert_eq!(Lifetime::new(Some(&measured), 500, None, Some(60.0)), None);
        assert_eq!(Lifetime::new(Some(&measured), 500, Some(29), None), None);
    }
}
