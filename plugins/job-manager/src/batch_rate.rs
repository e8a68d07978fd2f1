//! How many batches slaves deliver per minute, lately.

/// Older batches count less: by a factor of e after this time.
const WINDOW_MS: f64 = 180_000.0;

/// Less time than this says nothing.
const ELAPSED_MS_MIN: u64 = 15_000;

/// A count in which older batches weigh less.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchRate {
    began_ms: u64,
    last_ms: u64,
    weight: f64,
}

impl BatchRate {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            began_ms: now_ms,
            last_ms: now_ms,
            weight: 0.0,
        }
    }

    /// A batch was delivered.
    pub(crate) fn add(&mut self, now_ms: u64) {
        self.weight = self.weight_at(now_ms) + 1.0;
        self.last_ms = now_ms;
    }

    /// `None` while too little time has passed.
    pub(crate) fn per_minute(&self, now_ms: u64) -> Option<f64> {
        let elapsed_ms = now_ms.saturating_sub(self.began_ms);
        // What the weight would be if one batch came each millisecond.
        let whole = WINDOW_MS * (1.0 - (-(elapsed_ms as f64) / WINDOW_MS).exp());
        (elapsed_ms >= ELAPSED_MS_MIN).then(|| self.weight_at(now_ms) / whole * 60_000.0)
    }

    fn weight_at(&self, now_ms: u64) -> f64 {
        let passed_ms = now_ms.saturating_sub(self.last_ms) as f64;
        self.weight * (-passed_ms / WINDOW_MS).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_follows_deliveries_from_the_beginning() {
        let mut rate = BatchRate::new(1_000_000);
        assert_eq!(rate.per_minute(1_000_000), None);
        let mut now_ms = 1_000_000;
        for _ in 0..20 {
            now_ms += 3_000;
            rate.add(now_ms);
        }
        let young = rate.per_minute(now_ms).unwrap();
        assert!((19.0..22.0).contains(&young), "{young}");
        for _ in 0..400 {
            now_ms += 3_000;
            rate.add(now_ms);
        }
        let settled = rate.per_minute(now_ms).unwrap();
        assert!((19.5..20.5).contains(&settled), "{settled}");
        let idle = rate.per_minute(now_ms + 1_800_000).unwrap();
        assert!(idle < 0.01, "{idle}");
    }
}
