//! `horde_schedule` with the harness in place of the host, and a small chain in place of `horde_chain`.

mod support;

mod bad_input;
mod commands;
mod conditions;
mod course;
mod failed_handlers;
mod kills;

use serde_json::{Value, json};

use self::support::*;
use super::*;
