//! When the handler that follows a start is called: at once, and after a failure later each time.
//!
//! A handler that fails is followed by a new instance, whose `new` asks for the same handler again. Without a pause the two would keep the
//! host busy.

use tig_plugin_api::prelude::*;

/// Key of the number of starts since the handler succeeded.
const STARTS: &str = "starts";

/// Pause before the second call, in milliseconds; it doubles each time.
const START_PAUSE_MS: u64 = 100;

/// Doublings at most, to 12.8 s.
const START_DOUBLINGS_MAX: u32 = 7;

/// Time of the handler that follows this start, in Unix milliseconds. To be called by `new`, once.
///
/// # Errors
///
/// The storage cannot be read or written.
pub fn next_start_ms(ctx: &mut Context<'_>) -> Result<u64> {
    let starts = ctx.get_sound::<u32>(STARTS)?.unwrap_or_default();
    ctx.put(STARTS, &starts.saturating_add(1))?;
    let pause_ms = match starts.checked_sub(1) {
        None => 0,
        Some(doublings) => START_PAUSE_MS << doublings.min(START_DOUBLINGS_MAX),
    };
    Ok(ctx.now_ms() + pause_ms)
}

/// Records that the handler has succeeded. To be called by it.
///
/// # Errors
///
/// The storage cannot be written.
pub fn record_start(ctx: &mut Context<'_>) -> Result<()> {
    ctx.delete(STARTS)
}
