//! Whole cycles against a small chain, with everything that can go wrong there.

mod chain;
mod commands;
mod conditions;
mod failed_handlers;
mod golden;
mod kills;
mod places;
mod plan;
mod reveals;
mod scores;
mod script;
mod sends;
mod start;
mod world;

use horde_events::ChainResult;
use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use self::chain::{Chain, Fate};
use self::world::{World, hotkey, one_of, section, start_with};
use super::HordeWeights;
