//! `horde_organic` with the harness in place of the host, and tests in place of facilitator, chain and miners.

mod support;

mod admin;
mod chain;
mod course;
mod failed_handlers;
mod intake;
mod outcomes;
mod properties;
mod restarts;
mod router;
mod routing;
mod signatures;

use serde_json::{Value, json};

use self::support::*;
use super::*;
