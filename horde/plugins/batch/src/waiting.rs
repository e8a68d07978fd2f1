//! A batch that waits, and for how long.

use horde_events::BatchDue;
use serde::{Deserialize, Serialize};

use crate::limits::DUE_WINDOW_MS_MAX;

/// A batch that is due while another one is under way. Stored.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Waiting {
    pub(crate) due: BatchDue,
    /// Since when, in Unix milliseconds.
    pub(crate) since_ms: u64,
}

/// Why a batch cannot begin any more at `now_ms`, if it cannot.
pub(crate) fn lateness(due: &BatchDue, since_ms: u64, now_ms: u64) -> Option<String> {
    if now_ms > due.until_ms {
        let late_ms = now_ms - due.until_ms;
        return Some(format!("the slot was over {late_ms} ms ago"));
    }
    // Blocks would have decided, and they are not known here: better no batch than one in the slot of another validator.
    if now_ms < since_ms || due.until_ms - now_ms > DUE_WINDOW_MS_MAX {
        let text = "the clock was set back, so that it does not say whether the slot is over";
        return Some(text.to_owned());
    }
    None
}
