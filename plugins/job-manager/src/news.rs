//! Whether measured throughput is worth an event. Pure.

use tig_events::{ChallengeThroughput, Throughput};

/// A rate is measured anew at each update, and is never quite the same: a change by a smaller part is not news.
const RATE_CHANGE_MIN: f64 = 0.05;

/// Whether `now` differs enough from what was emitted last.
pub(crate) fn is_news(now: &Throughput, last: &Throughput) -> bool {
    let counts = |throughput: &Throughput| (throughput.jobs, throughput.slaves);
    let rate = |throughput: &Throughput| throughput.batches_per_minute;
    let is_same = |(challenge_id, now): (&String, &ChallengeThroughput)| {
        let last = last.challenges.get(challenge_id);
        last.is_some_and(|last| is_same_challenge(now, last))
    };
    counts(now) != counts(last)
        || differs(rate(now), rate(last))
        || now.challenges.len() != last.challenges.len()
        || !now.challenges.iter().all(is_same)
}

fn is_same_challenge(now: &ChallengeThroughput, last: &ChallengeThroughput) -> bool {
    now.open_nonces == last.open_nonces
        && now.computed_jobs == last.computed_jobs
        && !differs(now.nonces_per_second, last.nonces_per_second)
}

fn differs(now: Option<f64>, last: Option<f64>) -> bool {
    match (now, last) {
        (Some(now), Some(last)) => (now - last).abs() > last.abs() * RATE_CHANGE_MIN,
        _ => now != last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throughput(rate: Option<f64>, open_nonces: u64, per_minute: Option<f64>) -> Throughput {
        let challenge = ChallengeThroughput {
            nonces_per_second: rate,
            open_nonces,
            computed_jobs: Some(0),
        };
        Throughput {
            challenges: [("c".to_owned(), challenge)].into(),
            jobs: Some(1),
            slaves: Some(1),
            batches_per_minute: per_minute,
        }
    }

    #[test]
    fn rates_are_news_beyond_five_percent() {
        let last = throughput(Some(100.0), 10, Some(20.0));
        let is_news = |rate, open, minute| is_news(&throughput(rate, open, minute), &last);
        assert!(!is_news(Some(104.0), 10, Some(19.1)));
        assert!(is_news(Some(94.0), 10, Some(20.0)));
        assert!(is_news(Some(100.0), 10, Some(21.1)));
        assert!(is_news(Some(100.0), 9, Some(20.0)));
        assert!(is_news(None, 10, Some(20.0)));
        assert!(super::is_news(&last, &Throughput::default()));
    }
}
