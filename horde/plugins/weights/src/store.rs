//! The stored form.
//!
//! | key | value |
//! |---|---|
//! | `owner` | hotkey and subnet that the store belongs to: weights of others are not revealed or repeated |
//! | `cycle/<first block>` | the weights of a cycle, with what is sent |
//! | `scores/<first block>` | its scores, until the weights are made of them |
//! | `dynamic_config` | the values last emitted by `horde_report` |

use std::collections::BTreeMap;

use tig_plugin_api::prelude::*;

use crate::cycle::CycleWeights;

const CYCLE: &str = "cycle/";
const SCORES: &str = "scores/";

pub(crate) fn cycles(ctx: &mut Context<'_>) -> Result<BTreeMap<u64, CycleWeights>> {
    let cycles: Vec<(String, CycleWeights)> = ctx.scan_sound(CYCLE)?;
    let cycles = cycles.into_iter();
    Ok(cycles
        .map(|(_, cycle)| (cycle.cycle_start, cycle))
        .collect())
}

pub(crate) fn put_cycle(ctx: &mut Context<'_>, cycle: &CycleWeights) -> Result<()> {
    ctx.put(&cycle_key(cycle.cycle_start), cycle)
}

pub(crate) fn delete_cycle(ctx: &mut Context<'_>, cycle_start: u64) -> Result<()> {
    ctx.delete(&cycle_key(cycle_start))
}

pub(crate) fn put_scores(
    ctx: &mut Context<'_>,
    cycle_start: u64,
    scores: &BTreeMap<String, f64>,
) -> Result<()> {
    ctx.put(&scores_key(cycle_start), scores)
}

pub(crate) fn scores(
    ctx: &mut Context<'_>,
    cycle_start: u64,
) -> Result<Option<BTreeMap<String, f64>>> {
    ctx.get_sound(&scores_key(cycle_start))
}

pub(crate) fn delete_scores(ctx: &mut Context<'_>, cycle_start: u64) -> Result<()> {
    ctx.delete(&scores_key(cycle_start))
}

fn cycle_key(cycle_start: u64) -> String {
    format!("{CYCLE}{cycle_start:020}")
}

fn scores_key(cycle_start: u64) -> String {
    format!("{SCORES}{cycle_start:020}")
}
