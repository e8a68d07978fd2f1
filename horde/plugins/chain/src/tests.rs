//! The extension by what it asks of the service and what it says to the others.

mod bad_answers;
mod blocks;
mod calls;
mod commands;
mod conditions;
mod failed_handlers;
mod kills;
mod neurons;
mod support;

use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use self::support::*;
