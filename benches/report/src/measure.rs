//! Time, as the median of several rounds.

use std::fs;
use std::time::{Duration, Instant};

use crate::Result;

/// Rounds at most.
const ROUNDS_MAX: usize = 5;

/// The median time of a round; no further round is started once `budget` is spent.
///
/// # Errors
/// That of a round.
pub fn median(budget: Duration, round: impl FnMut() -> Result<()>) -> Result<Duration> {
    let begin = Instant::now();
    median_by(budget, || begin.elapsed(), round)
}

/// As [`median`], but of the processor time of this thread: what else runs on the machine does not count.
///
/// # Errors
/// That of a round.
pub fn median_of_thread(budget: Duration, round: impl FnMut() -> Result<()>) -> Result<Duration> {
    match thread_time() {
        Some(_) => median_by(budget, || thread_time().unwrap_or_default(), round),
        None => median(budget, round),
    }
}

fn median_by(
    budget: Duration,
    now: impl Fn() -> Duration,
    mut round: impl FnMut() -> Result<()>,
) -> Result<Duration> {
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || (times.len() < ROUNDS_MAX && begin.elapsed() < budget) {
        let start = now();
        round()?;
        times.push(now().saturating_sub(start));
    }
    times.sort();
    Ok(times[times.len() / 2])
}

/// Linux measures it to a few milliseconds, which is enough for rounds of a hundred.
fn thread_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
