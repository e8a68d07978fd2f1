//! Stations: what each part of the pool does, and how long it pauses after failures.

use serde::{Deserialize, Serialize};

use crate::limits::{PAUSE_MS_MAX, PAUSE_MS_MIN, REASON_CHARS_MAX};

/// A part of the pool.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StationName {
    /// The trusted miner writes series.
    Generation,
    /// Prompts are drawn from series.
    Sampling,
    /// Drawn prompts are put into the bucket.
    Upload,
    /// The trusted miner answers workloads.
    Answering,
}

impl StationName {
    pub(crate) const ALL: [Self; 4] = [
        Self::Generation,
        Self::Sampling,
        Self::Upload,
        Self::Answering,
    ];

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Generation => "generation",
            Self::Sampling => "sampling",
            Self::Upload => "upload",
            Self::Answering => "answering",
        }
    }
}

/// A failure in words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Failure {
    /// When, in Unix milliseconds.
    pub(crate) at_ms: u64,
    pub(crate) reason: String,
}

/// How a station fares. Stored.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Station {
    /// Failures in succession.
    pub(crate) failures: u32,
    /// It does nothing until then, in Unix milliseconds.
    paused_until_ms: u64,
    pub(crate) last_failure: Option<Failure>,
    /// When it last did what it is for, in Unix milliseconds.
    pub(crate) done_ms: Option<u64>,
}

impl Station {
    /// Notes a failure, and pauses: twice as long for each one in succession.
    pub(crate) fn fail(&mut self, reason: &str, now_ms: u64) {
        let doublings = self.failures.min(10);
        let pause_ms = PAUSE_MS_MAX.min(PAUSE_MS_MIN << doublings);
        self.failures = self.failures.saturating_add(1);
        self.paused_until_ms = now_ms + pause_ms;
        let reason = reason.chars().take(REASON_CHARS_MAX).collect();
        self.last_failure = Some(Failure {
            at_ms: now_ms,
            reason,
        });
    }

    /// Notes a success.
    pub(crate) fn succeed(&mut self, now_ms: u64) {
        self.failures = 0;
        self.paused_until_ms = 0;
        self.done_ms = Some(now_ms);
    }

    /// Until when it pauses, if it does. A clock that was set back makes no pause longer.
    pub(crate) fn paused_until_ms(&self, now_ms: u64) -> Option<u64> {
        let until_ms = self.paused_until_ms;
        (until_ms > now_ms).then(|| until_ms.min(now_ms + PAUSE_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let mut station = Station::default();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            station.fail("no", 1_000);
            pauses.push((station.paused_until_ms(1_000).unwrap() - 1_000) / 1_000);
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(station.paused_until_ms(700_000), None);
        station.succeed(2_000);
        assert_eq!(station.paused_until_ms(1_000), None);
        station.fail("again", 1_000);
        assert_eq!(station.paused_until_ms(1_000), Some(31_000));
    }

    #[test]
    fn clock_set_back_makes_no_pause_longer() {
        let mut station = Station::default();
        station.fail("no", 1 << 40);
        assert_eq!(station.paused_until_ms(5), Some(5 + PAUSE_MS_MAX));
    }
}
