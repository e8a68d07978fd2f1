//! The stored events: a row each, numbered, and the numbers of the first and the next one.
//!
//! Rows are not kept in memory: tens of thousands may wait for a collector that is down.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use tig_plugin_api::prelude::*;

use super::{SystemEvent, SystemEvents};
use crate::limits::{EVENTS_COUNT_MAX, EVICTED_COUNT_MAX, KEPT_MS};

const HEAD: &str = "events/head";
const ROW: &str = "events/row/";

/// Which rows there are.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
pub(crate) struct Head {
    /// Number of the oldest row.
    pub(super) first: u64,
    /// Number of the next row.
    pub(super) next: u64,
    /// Rows that were dropped before they were taken, ever.
    pub(super) lost: u64,
}

/// A stored event.
#[derive(Deserialize, Serialize)]
pub(crate) struct Row {
    /// When it was stored, in Unix milliseconds. The time in the event is another extension's.
    pub(super) stored_ms: u64,
    pub(super) event: Box<RawValue>,
}

impl Head {
    pub(crate) fn waiting(self) -> u64 {
        self.next.saturating_sub(self.first)
    }
}

/// The stored head. One that was damaged is made from the rows.
pub(super) fn head(ctx: &mut Context<'_>) -> Result<Head> {
    if let Some(head) = ctx.get_sound(HEAD)? {
        return Ok(head);
    }
    let rows: Vec<(String, IgnoredAny)> = ctx.scan(ROW)?;
    let number = |key: &str| u64::from_str_radix(key.strip_prefix(ROW)?, 16).ok();
    let numbers: Vec<u64> = rows.iter().filter_map(|(key, _)| number(key)).collect();
    Ok(Head {
        first: numbers.first().copied().unwrap_or_default(),
        next: numbers.last().map_or(0, |last| last + 1),
        lost: 0,
    })
}

pub(super) fn oldest(ctx: &mut Context<'_>, head: &Head) -> Result<Option<Row>> {
    row(ctx, head.first)
}

/// The row of this number, unless it was damaged.
pub(super) fn row(ctx: &mut Context<'_>, number: u64) -> Result<Option<Row>> {
    ctx.get_sound(&row_key(number))
}

impl SystemEvents {
    /// Stores events; where they are too many the oldest ones are lost, and counted.
    pub(crate) fn add(&mut self, ctx: &mut Context<'_>, events: &[SystemEvent]) -> Result<()> {
        let stored_ms = ctx.now_ms();
        let mut head = self.head;
        for event in events {
            let row = Row {
                stored_ms,
                event: to_raw_value(event)?,
            };
            ctx.put(&row_key(head.next), &row)?;
            head.next += 1;
        }
        let too_many = head.waiting().saturating_sub(EVENTS_COUNT_MAX);
        self.lose(ctx, head, too_many, "full")
    }

    /// Drops the events that are two days old, and returns their number.
    pub(crate) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<u64> {
        let now_ms = ctx.now_ms();
        let mut old = 0;
        while old < self.head.waiting().min(EVICTED_COUNT_MAX) {
            let row = row(ctx, self.head.first + old)?;
            if row.is_some_and(|row| row.stored_ms.saturating_add(KEPT_MS) > now_ms) {
                break;
            }
            old += 1;
        }
        if old > 0 {
            self.lose(ctx, self.head, old, "age")?;
        }
        Ok(old)
    }

    /// Drops the oldest events, which nobody has taken.
    fn lose(
        &mut self,
        ctx: &mut Context<'_>,
        mut head: Head,
        count: u64,
        reason: &str,
    ) -> Result<()> {
        head.lost += count;
        self.drop_first(ctx, head, count)?;
        if count > 0 {
            ctx.count("system_events_lost", &[("reason", reason)], count);
            let fields: &LogFields<'_> = &[("count", &count), ("reason", &reason)];
            match self.collector {
                Some(_) => ctx.warn_with(
                    "system events were dropped before the collector took them",
                    fields,
                ),
                None => {
                    ctx.debug_with("system events were dropped; no collector takes any", fields)
                }
            }
        }
        Ok(())
    }

    /// Drops the oldest rows and stores what is left.
    pub(super) fn drop_first(
        &mut self,
        ctx: &mut Context<'_>,
        mut head: Head,
        count: u64,
    ) -> Result<()> {
        for number in head.first..head.first + count {
            ctx.delete(&row_key(number))?;
        }
        head.first += count;
        ctx.put(HEAD, &head)?;
        ctx.gauge("system_events_waiting", &[], head.waiting() as f64);
        self.head = head;
        Ok(())
    }
}

fn row_key(number: u64) -> String {
    format!("{ROW}{number:016x}")
}
