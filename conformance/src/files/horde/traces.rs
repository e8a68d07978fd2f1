//! `traces/*.jsonl`: what real programs said to each other. Each frame is read, and written again as it was.
//!
//! How our validator takes the other side's part in them is tested with the extensions.

use horde_proto::{MessageError, facilitator, miner};

use crate::case::text;
use crate::files::horde::messages::same;
use crate::files::{List, TOP_LEVEL, no_law};

/// The validator is the client of miners and of the facilitator.
const OF_VALIDATOR: &str = "client->server";

/// A message that the recording facilitator made up, to see what becomes of one that nobody knows.
const MADE_UP: &str = "V9";

/// Lines of a trace.
pub(crate) const LINES: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let line = case.whole();
        let Some(frame) = line.get("frame") else {
            // A line on the connection itself.
            return Ok(());
        };
        let written = rewritten(&frame.to_string(), line["dir"] == OF_VALIDATOR);
        match written {
            Err(MessageError::UnknownType { .. }) if frame["message_type"] == MADE_UP => Ok(()),
            Err(error) => Err(text(error).into()),
            Ok(written) => same(frame, &written),
        }
    },
    uphold: no_law,
};

/// The frame as it is written after it was read.
fn rewritten(frame: &str, of_validator: bool) -> Result<String, MessageError> {
    if of_validator {
        let to_miner = miner::ToMiner::parse(frame).map(|message| message.to_text());
        to_miner
            .or_else(|_| facilitator::ToFacilitator::parse(frame).map(|message| message.to_text()))
    } else {
        let from_miner = miner::ToValidator::parse(frame).map(|message| message.to_text());
        from_miner
            .or_else(|_| facilitator::ToValidator::parse(frame).map(|message| message.to_text()))
    }
}
