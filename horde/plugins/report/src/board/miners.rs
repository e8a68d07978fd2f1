//! Miners and their failures.

use std::collections::{BTreeMap, BTreeSet};

use horde_extension::shown;
use serde::{Deserialize, Serialize};
use tig_plugin_api::prelude::*;

use super::Board;
use crate::limits::{KEPT_MS, LINK_EVENT_INTERVAL_MS, MINERS_COUNT_MAX};
use crate::text::is_name;

const ROW: &str = "status/miner/";

/// How often a miner has failed in one way.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Failures {
    count: u64,
    /// When last, in Unix milliseconds.
    last_ms: u64,
}

/// Failures of a miner.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct MinerRow {
    /// Since when they are counted, in Unix milliseconds.
    since_ms: u64,
    /// By kind: the results of [`horde_events::JobResult`] that cost something, `user_job` and `no_link`.
    failures: BTreeMap<String, Failures>,
    /// Why there was no link last.
    pub(super) no_link: Option<String>,
}

impl MinerRow {
    /// How often in which way: `2 late, 1 no_link`.
    pub(super) fn failures_text(&self) -> String {
        let failures = self.failures.iter();
        let counts = failures.map(|(kind, failures)| format!("{} {kind}", failures.count));
        counts.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn last_ms(&self) -> u64 {
        let last = self.failures.values().map(|failures| failures.last_ms);
        last.max().unwrap_or_default()
    }
}

/// By hotkey.
#[derive(Default)]
pub(super) struct Miners(BTreeMap<String, MinerRow>);

impl Miners {
    pub(super) fn start(ctx: &mut Context<'_>) -> Result<Self> {
        let rows: Vec<(String, MinerRow)> = ctx.scan_sound(ROW)?;
        let hotkey = |key: String| key.strip_prefix(ROW).map(str::to_owned);
        let rows = rows.into_iter();
        let rows = rows.filter_map(|(key, row)| Some((hotkey(key)?, row)));
        Ok(Self(rows.collect()))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, &MinerRow)> {
        self.0.iter().map(|(hotkey, row)| (hotkey.as_str(), row))
    }

    /// Counts failures: hotkey and kind of each.
    pub(super) fn add<'a>(
        &mut self,
        ctx: &mut Context<'_>,
        failures: impl Iterator<Item = (&'a str, &'a str)>,
        no_link: Option<&str>,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        let mut changed = BTreeMap::<&str, MinerRow>::new();
        for (hotkey, kind) in failures.filter(|(hotkey, _)| is_name(hotkey)) {
            let known = || self.0.get(hotkey).cloned();
            let row = changed.entry(hotkey).or_insert_with(|| {
                known().unwrap_or_else(|| MinerRow {
                    since_ms: now_ms,
                    ..MinerRow::default()
                })
            });
            let failures = row.failures.entry(kind.to_owned()).or_default();
            failures.count += 1;
            failures.last_ms = now_ms;
            if let Some(reason) = no_link {
                row.no_link = Some(shown(reason));
            }
        }
        for (hotkey, row) in changed {
            ctx.put(&row_key(hotkey), &row)?;
            self.0.insert(hotkey.to_owned(), row);
        }
        self.drop_oldest(ctx)
    }

    pub(super) fn evict(&mut self, ctx: &mut Context<'_>) -> Result<u64> {
        let since_ms = ctx.now_ms().saturating_sub(KEPT_MS);
        let old = self.rows().filter(|(_, row)| row.last_ms() <= since_ms);
        let old: Vec<String> = old.map(|(hotkey, _)| hotkey.to_owned()).collect();
        for hotkey in &old {
            self.remove(ctx, hotkey)?;
        }
        Ok(old.len() as u64)
    }

    fn remove(&mut self, ctx: &mut Context<'_>, hotkey: &str) -> Result<()> {
        ctx.delete(&row_key(hotkey))?;
        self.0.remove(hotkey);
        Ok(())
    }

    fn drop_oldest(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let too_many = self.0.len().saturating_sub(MINERS_COUNT_MAX);
        if too_many == 0 {
            return Ok(());
        }
        let by_time = self
            .rows()
            .map(|(hotkey, row)| (row.last_ms(), hotkey.to_owned()));
        let by_time: BTreeSet<_> = by_time.collect();
        for (_, hotkey) in by_time.into_iter().take(too_many) {
            self.remove(ctx, &hotkey)?;
        }
        Ok(())
    }
}

impl Board {
    /// Counts that there is no link to a miner. Whether that is worth a system event: not if the same was one minutes ago.
    pub(crate) fn set_link_down(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        reason: &str,
    ) -> Result<bool> {
        if !is_name(hotkey) {
            return Ok(false);
        }
        let now_ms = ctx.now_ms();
        let is_known = self.miners.0.get(hotkey).is_some_and(|row| {
            let last_ms = row.failures.get("no_link").map(|failures| failures.last_ms);
            let is_recent = |last_ms: u64| now_ms.abs_diff(last_ms) < LINK_EVENT_INTERVAL_MS;
            row.no_link.as_deref() == Some(&shown(reason)) && last_ms.is_some_and(is_recent)
        });
        let failure = std::iter::once((hotkey, "no_link"));
        self.miners.add(ctx, failure, Some(reason))?;
        Ok(!is_known)
    }
}

fn row_key(hotkey: &str) -> String {
    format!("{ROW}{hotkey}")
}
