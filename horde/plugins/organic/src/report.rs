//! Metrics, and the answer of `GET /horde/organic`.

use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use crate::Organic;

/// The time whose outcomes are counted, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

impl Organic {
    pub(crate) fn report_metrics(&self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let mut standings = self.standings.values();
        let blocked = standings
            .by_ref()
            .filter(|standing| standing.open_block(now_ms).is_some());
        let blocked = blocked.count();
        ctx.gauge("users_jobs", &[], self.jobs.len() as f64);
        ctx.gauge("blocked_miners", &[], blocked as f64);
    }

    /// What is under way, how the jobs of the last hour have ended, and which miners have failed or are blocked.
    pub(crate) fn report(&self, now_ms: u64) -> Value {
        let jobs = self.jobs.values().map(|job| {
            json!({
                "uuid": job.uuid,
                "phase": job.phase,
                "executor_class": job.class,
                "is_accepted": job.is_accepted,
                "received_ms": job.received_ms,
                "deadline_ms": job.deadline_ms,
                "attempts": job.attempts,
            })
        });
        let miners = self.standings.iter();
        let miners = miners.filter(|(_, standing)| {
            standing.demerits(now_ms) > 0 || standing.open_block(now_ms).is_some()
        });
        let miners = miners.map(|(hotkey, standing)| {
            json!({
                "hotkey": hotkey,
                "failures": standing.failures,
                "failed_ms": standing.failed_ms,
                "failure": standing.failure,
                "block": standing.open_block(now_ms),
            })
        });
        let standings = self.standings.values();
        let with_manifest = standings.filter(|standing| standing.has_fresh_manifest(now_ms));
        let since_ms = now_ms.saturating_sub(HOUR_MS);
        json!({
            "at_ms": now_ms,
            "jobs": jobs.collect::<Vec<_>>(),
            "last_hour": { "since_ms": since_ms, "jobs": self.over.count_since(since_ms) },
            "miners": miners.collect::<Vec<_>>(),
            "miners_with_manifest": with_manifest.count(),
            "blocked_by_config": self.config.blocked,
            "addresses": { "block": self.addresses.block(), "seen_ms": self.addresses.seen_ms() },
        })
    }
}
