//! `horde_batch` with the harness in place of the host, and tests in place of miners and job kinds.

mod support;

mod bonus;
mod commands;
mod conditions;
mod course;
mod due;
mod failed_handlers;
mod kills;
mod large;
mod outcomes;
mod restarts;
mod rules;
mod users;

use serde_json::{Value, json};

use self::support::*;
use super::*;
