//! How fast the slaves compute, by challenge: so that nothing is started that cannot be finished.
//!
//! Only the time in which there was work of a challenge counts for it, with the other work that was done meanwhile.

use std::collections::BTreeMap;

/// Measured over about this time.
const WINDOW_MS: f64 = 600_000.0;

/// Less time with work than this says nothing.
const BUSY_MS_MIN: f64 = 30_000.0;

/// What was measured before a silence of this length is forgotten: the slaves may be others by now.
const SILENCE_MS_MAX: u64 = 1_800_000;

/// One challenge.
#[derive(Clone, Debug, Default)]
struct Measured {
    nonces: f64,
    busy_ms: f64,
    last_result_ms: u64,
}

/// All challenges, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    challenges: BTreeMap<String, Measured>,
    last_tick_ms: u64,
}

impl Pace {
    /// A result of `nonces` has come.
    pub(crate) fn computed(&mut self, challenge_id: &str, nonces: u64, now_ms: u64) {
        let measured = match self.challenges.get_mut(challenge_id) {
            Some(measured) => measured,
            None => self.challenges.entry(challenge_id.to_owned()).or_default(),
        };
        measured.nonces += nonces as f64;
        measured.last_result_ms = now_ms;
    }

    /// Time has passed; `has_work` says for which challenges there was work.
    pub(crate) fn tick(&mut self, now_ms: u64, has_work: impl Fn(&str) -> bool) {
        let first = self.last_tick_ms == 0;
        let passed_ms = now_ms.saturating_sub(self.last_tick_ms) as f64;
        self.last_tick_ms = now_ms;
        if first {
            return;
        }
        for (challenge_id, measured) in &mut self.challenges {
            if has_work(challenge_id) {
                let kept = (-passed_ms / WINDOW_MS).exp();
                measured.nonces *= kept;
                measured.busy_ms = measured.busy_ms * kept + passed_ms;
            }
        }
        self.challenges
            .retain(|_, measured| now_ms.saturating_sub(measured.last_result_ms) < SILENCE_MS_MAX);
    }

    /// Nonces per second; `None` if too little was measured.
    pub(crate) fn rate(&self, challenge_id: &str) -> Option<f64> {
        let measured = self.challenges.get(challenge_id)?;
        let enough = measured.busy_ms >= BUSY_MS_MIN && measured.nonces > 0.0;
        enough.then(|| measured.nonces / measured.busy_ms * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pace: &mut Pace, from_s: u64, to_s: u64, nonces: u64, has_work: bool) {
        for second in from_s..to_s {
            pace.tick(second * 1_000, |_| has_work);
            if nonces > 0 {
                pace.computed("c", nonces, second * 1_000);
            }
        }
    }

    #[test]
    fn the_rate_counts_only_time_with_work() {
        let mut pace = Pace::default();
        assert_eq!(pace.rate("c"), None);
        run(&mut pace, 1, 20, 50, true);
        assert_eq!(pace.rate("c"), None, "too little time");
        run(&mut pace, 20, 400, 50, true);
        let rate = pace.rate("c").unwrap();
        assert!((48.0..53.0).contains(&rate), "{rate}");
        run(&mut pace, 400, 1_000, 0, false);
        assert_eq!(pace.rate("c"), Some(rate), "idle time is not slowness");
        run(&mut pace, 1_000, 1_600, 0, true);
        assert!(pace.rate("c").unwrap() < rate / 2.0);
        run(&mut pace, 1_600, 2_300, 0, false);
        assert_eq!(
            pace.rate("c"),
            None,
            "after a long silence nothing is known"
        );
    }
}
