//! The stored form: what was seen of the chain, what a final block said, and calls that wait for an answer.

use std::collections::{BTreeMap, BTreeSet};

use horde_events::Neurons;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use crate::heights::Heights;
use crate::limits::KEPT_COUNT_MAX;
use crate::service::Reply;

const NETUID: &str = "netuid";
const HEIGHTS: &str = "heights";
const OPEN: &str = "open";
const NEURONS: &str = "neurons/";

/// A call that waits for its answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct OpenCall {
    /// Its name, by the extension that made it.
    pub(crate) call: String,
    /// Word for what is asked.
    pub(crate) request: String,
    pub(crate) reply: Reply,
    /// In Unix milliseconds.
    pub(crate) deadline_ms: u64,
}

/// What others wait for.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Open {
    /// By the tags of their requests.
    pub(crate) calls: BTreeMap<String, OpenCall>,
    /// Commands that wait for the newest neurons.
    pub(crate) commands: Vec<Ticket>,
}

/// Binds the store to a subnet.
///
/// # Errors
///
/// It belongs to another one.
pub(crate) fn bind(ctx: &mut Context<'_>, netuid: u16) -> Result<()> {
    match ctx.get_sound::<u16>(NETUID)? {
        Some(stored) if stored != netuid => bail!(
            "the store has blocks and neurons of netuid {stored}, and config.horde_chain.netuid is {netuid}: begin with an empty store (`backup_folder`), or correct the config"
        ),
        Some(_) => Ok(()),
        None => ctx.put(NETUID, &netuid),
    }
}

pub(crate) fn heights(ctx: &mut Context<'_>) -> Result<Heights> {
    Ok(ctx.get_sound(HEIGHTS)?.unwrap_or_default())
}

pub(crate) fn put_heights(ctx: &mut Context<'_>, heights: &Heights) -> Result<()> {
    ctx.put(HEIGHTS, heights)
}

pub(crate) fn open(ctx: &mut Context<'_>) -> Result<Open> {
    Ok(ctx.get_sound(OPEN)?.unwrap_or_default())
}

pub(crate) fn put_open(ctx: &mut Context<'_>, open: &Open) -> Result<()> {
    ctx.put(OPEN, open)
}

/// The blocks whose neurons are kept.
pub(crate) fn kept(ctx: &mut Context<'_>) -> Result<BTreeSet<u32>> {
    let records: Vec<(String, IgnoredAny)> = ctx.scan_sound(NEURONS)?;
    let numbers = records
        .iter()
        .filter_map(|(key, _)| key.strip_prefix(NEURONS)?.parse().ok());
    Ok(numbers.collect())
}

pub(crate) fn neurons(ctx: &mut Context<'_>, block: u32) -> Result<Option<Neurons>> {
    ctx.get_sound(&neurons_key(block))
}

/// Keeps what a final block said, in place of the oldest of the others if there are too many.
pub(crate) fn keep_neurons(
    ctx: &mut Context<'_>,
    kept: &mut BTreeSet<u32>,
    neurons: &Neurons,
) -> Result<()> {
    ctx.put(&neurons_key(neurons.block), neurons)?;
    while kept.len() >= KEPT_COUNT_MAX
        && let Some(oldest) = kept.pop_first()
    {
        ctx.delete(&neurons_key(oldest))?;
    }
    kept.insert(neurons.block);
    Ok(())
}

fn neurons_key(block: u32) -> String {
    format!("{NEURONS}{block}")
}
