//! When the handler that follows a start is called: at once, and after a failure later each time.
//!
//! A handler that fails is followed by a new instance, whose `new` asks for the same handler again. Without a pause the two would keep the
//! host busy.

use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

/// Key of the starts since the handler succeeded.
const STARTS: &str = "starts";

/// Pause before the second call, in milliseconds; it doubles each time.
const START_PAUSE_MS: u64 = 100;

/// Doublings at most.
const START_DOUBLINGS_MAX: u32 = 7;

/// The longest pause: 12.8 s.
pub(crate) const START_PAUSE_MS_MAX: u64 = START_PAUSE_MS << START_DOUBLINGS_MAX;

/// Starts since the handler succeeded.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(from = "StoredStarts")]
struct Starts {
    count: u32,
    /// When the handler is called that follows the last of them, in Unix milliseconds.
    due_ms: u64,
}

/// What stores have.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredStarts {
    Starts {
        count: u32,
        due_ms: u64,
    },
    /// The older form.
    Count(u32),
}

impl From<StoredStarts> for Starts {
    fn from(stored: StoredStarts) -> Self {
        let (count, due_ms) = match stored {
            StoredStarts::Starts { count, due_ms } => (count, due_ms),
            StoredStarts::Count(count) => (count, 0),
        };
        Self { count, due_ms }
    }
}

/// Time of the handler that follows this start, in Unix milliseconds. To be called by `new`, once.
///
/// A start before the handler was due leaves that time as it is: other handlers that fail must not put it off again and again.
///
/// # Errors
///
/// The storage cannot be read or written.
pub fn next_start_ms(ctx: &mut Context<'_>) -> Result<u64> {
    let Starts { count, due_ms } = ctx.get_sound(STARTS)?.unwrap_or_default();
    let now_ms = ctx.now_ms();
    // One that is further ahead was stored before the clock was set back.
    if due_ms > now_ms && due_ms - now_ms <= START_PAUSE_MS_MAX {
        return Ok(due_ms);
    }
    let pause_ms = match count.checked_sub(1) {
        None => 0,
        Some(doublings) => START_PAUSE_MS << doublings.min(START_DOUBLINGS_MAX),
    };
    let starts = Starts {
        count: count.saturating_add(1),
        due_ms: now_ms + pause_ms,
    };
    ctx.put(STARTS, &starts)?;
    Ok(starts.due_ms)
}

/// Records that the handler has succeeded. To be called by it.
///
/// # Errors
///
/// The storage cannot be written.
pub fn record_start(ctx: &mut Context<'_>) -> Result<()> {
    ctx.delete(STARTS)
}
