//! The answer of `GET /horde/chain`.

use horde_events::{ChainState, quote};
use serde::Serialize;

use crate::HordeChain;

/// What is known of the chain, and what is asked of it.
#[derive(Serialize)]
pub(crate) struct Status<'a> {
    netuid: u16,
    block: Option<BlockStatus<'a>>,
    /// `null` until the first answer.
    state: Option<&'a ChainState>,
    /// Requests for the newest block that have failed in a row.
    failures: u32,
    /// Why the last neurons could not be had, if so.
    neurons_fault: Option<&'a str>,
    /// Blocks whose neurons are wanted; `null` is the newest one.
    wanted_blocks: Vec<Option<u32>>,
    /// Final blocks whose neurons are kept.
    kept_blocks: Vec<u32>,
    /// Calls without an answer.
    pending_calls: Vec<CallStatus<'a>>,
}

#[derive(Serialize)]
struct BlockStatus<'a> {
    number: u32,
    hash: &'a str,
    seen_ms: u64,
    /// Milliseconds since it was seen first.
    age_ms: u64,
}

#[derive(Serialize)]
struct CallStatus<'a> {
    call: String,
    request: &'a str,
    deadline_ms: u64,
}

impl HordeChain {
    pub(crate) fn status(&self, now_ms: u64) -> Status<'_> {
        let block = self.heights.newest.as_ref().map(|block| BlockStatus {
            number: block.number,
            hash: &block.hash,
            seen_ms: block.seen_ms,
            age_ms: now_ms.saturating_sub(block.seen_ms),
        });
        let calls = self.open.calls.values().map(|open| CallStatus {
            call: quote(&open.call),
            request: &open.request,
            deadline_ms: open.deadline_ms,
        });
        Status {
            netuid: self.config.netuid,
            block,
            state: self.live.watch.state.as_ref(),
            failures: self.live.watch.failures,
            neurons_fault: self.live.neurons_fault.as_deref(),
            wanted_blocks: self.live.wants.blocks().collect(),
            kept_blocks: self.kept.iter().copied().collect(),
            pending_calls: calls.collect(),
        }
    }
}
