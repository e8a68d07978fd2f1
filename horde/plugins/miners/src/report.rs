//! Metrics, conditions, and the answer of `GET /horde/miners`.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use crate::job::Phase;
use crate::{Miners, conditions};

/// Words for the states of links, so that a state without links is a zero and not a gap.
const STATES: [&str; 5] = ["pausing", "connecting", "open", "up", "down"];

impl Miners {
    /// A drain waits for the jobs under way.
    pub(crate) fn report_unfinished(&self, ctx: &mut Context<'_>) {
        let jobs = self.state.jobs.len() + self.state.interrupted.len();
        ctx.unfinished(jobs as u64);
    }

    pub(crate) fn report_metrics(&self, ctx: &mut Context<'_>) {
        let mut states: BTreeMap<&str, u32> = STATES.map(|state| (state, 0)).into();
        for (_, link) in self.state.links.iter() {
            *states.entry(link.state_name()).or_default() += 1;
        }
        for (state, count) in states {
            ctx.gauge("links", &[("state", state)], count.into());
        }
        ctx.gauge("jobs", &[], self.state.jobs.len() as f64);
    }

    /// The last thing of an `update`: nothing may fail after it. Once per `update` and not where links change, as hundreds do at the same
    /// time in the middle of a batch.
    pub(crate) fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let last = self.unconnected.take();
        self.unconnected = conditions::no_miner_connected(&self.state, now_ms, last);
        let present = self.unconnected.iter().cloned().collect();
        self.reported.report(ctx, present);
    }

    pub(crate) fn report(&self) -> Value {
        let links = self.state.links.iter().map(|(hotkey, link)| {
            let mut phases: BTreeMap<&str, u32> = BTreeMap::new();
            for job in link.jobs.iter().filter_map(|id| self.state.jobs.get(*id)) {
                *phases.entry(phase_name(job.phase)).or_default() += 1;
            }
            json!({
                "hotkey": hotkey,
                "host": link.address.host,
                "port": link.address.port,
                "state": link.state_name(),
                "reason": link.down_reason(),
                "manifest": link.manifest,
                "jobs": phases,
                "failures": link.failures,
                "last_failure": link.last_failure,
                "last_error": link.last_error,
                "ignored_messages": link.ignored,
            })
        });
        let groups = self.state.groups.values().map(|group| {
            json!({
                "group": group.name,
                "jobs": group.left,
                "not_ready": group.settling,
                "has_run": group.has_run,
            })
        });
        json!({
            "hotkey": self.validator.address(),
            "links": links.collect::<Vec<_>>(),
            "groups": groups.collect::<Vec<_>>(),
            "jobs": self.state.jobs.len(),
        })
    }
}

fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Planned => "planned",
        Phase::Reserving => "reserving",
        Phase::Accepted => "accepted",
        Phase::Ready => "ready",
        Phase::Running => "running",
    }
}
