//! `horde_crossval` with the harness in place of the host.

mod bad_answers;
mod bad_series;
mod bucket_checks;
mod check_times;
mod commands;
mod conditions;
mod course;
mod failed_handlers;
mod judge;
mod other_buckets;
mod panel;
mod recorded;
mod restarts;
mod samples;
mod storage;
mod support;

use serde_json::{Value, json};
use tig_plugin_api::HttpFailureKind;
use tig_plugin_api::testing::Harness;

use self::support::*;
use crate::Crossval;
