//! Waiting for something to become true, with a deadline.

use std::time::{Duration, Instant};

/// Pause between two looks.
const POLL_INTERVAL_MS: u64 = 50;

/// It did not become true in time.
#[derive(Debug, thiserror::Error)]
#[error("waited {} s in vain for {what}", limit.as_secs())]
pub struct TimedOut {
    what: String,
    limit: Duration,
}

/// Calls `look` until it returns a value; `what` is named if that takes longer than `limit`.
///
/// # Errors
/// `limit` has passed.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Result<T, TimedOut> {
    let start = Instant::now();
    loop {
        if let Some(value) = look() {
            return Ok(value);
        }
        if start.elapsed() > limit {
            return Err(TimedOut {
                what: what.to_owned(),
                limit,
            });
        }
        std::thread::sleep(Duration::from_millis(POLL_INTERVAL_MS));
    }
}
