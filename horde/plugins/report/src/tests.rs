//! `horde_report` with the harness in place of the host, and tests in place of file server, collector and extensions.

mod support;

mod collector;
mod conditions;
mod constance;
mod failed_handlers;
mod fetches;
mod inline;
mod kills;
mod limits;
mod local_file;
mod panel;
mod status;
mod system_events;

use serde_json::{Value, json};

use self::support::*;
use super::*;
