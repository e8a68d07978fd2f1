//! `<protocol>.<Message>.examples.json`: messages as they are on the wire. Each is read, and written again as it was.

use horde_proto::{executor, facilitator, miner};
use serde_json::Value;

use crate::case::{Checked, text};
use crate::files::{List, TOP_LEVEL, no_law};

/// Between validator and miner; some names are used in both directions.
pub(crate) const OF_MINERS: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let frame = case.whole().to_string();
        let to_validator = miner::ToValidator::parse(&frame).map(|message| message.to_text());
        let to_miner = miner::ToMiner::parse(&frame).map(|message| message.to_text());
        same(case.whole(), &to_validator.or(to_miner).map_err(text)?)
    },
    uphold: no_law,
};

/// Between miner and executor.
pub(crate) const OF_EXECUTORS: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let frame = case.whole().to_string();
        let to_executor = executor::ToExecutor::parse(&frame).map(|message| message.to_text());
        let to_miner = executor::ToMiner::parse(&frame).map(|message| message.to_text());
        same(case.whole(), &to_executor.or(to_miner).map_err(text)?)
    },
    uphold: no_law,
};

/// Between validator and facilitator.
pub(crate) const OF_FACILITATORS: List = List {
    name: TOP_LEVEL,
    check: |_, case| {
        let frame = case.whole().to_string();
        let to_validator = facilitator::ToValidator::parse(&frame).map(|message| message.to_text());
        let to_facilitator =
            facilitator::ToFacilitator::parse(&frame).map(|message| message.to_text());
        same(
            case.whole(),
            &to_facilitator.or(to_validator).map_err(text)?,
        )
    },
    uphold: no_law,
};

/// Whether a message is written as it was sent.
pub(super) fn same(sent: &Value, written: &str) -> Checked {
    let written: Value = serde_json::from_str(written).map_err(text)?;
    if written == *sent {
        return Ok(());
    }
    Err(format!("written as {written}").into())
}
