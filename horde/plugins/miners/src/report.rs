//! Metrics, conditions, and the answers of the routes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tig_plugin_api::prelude::*;

use crate::{Miners, conditions, details, panel};

impl Miners {
    /// A drain waits for the jobs under way.
    pub(crate) fn report_unfinished(&self, ctx: &mut Context<'_>) {
        let jobs = self.state.jobs.len() + self.state.interrupted.len();
        ctx.unfinished(jobs as u64);
    }

    pub(crate) fn report_metrics(&self, ctx: &mut Context<'_>) {
        for (stage, count) in self.state.links.counts() {
            ctx.gauge("links", &[("state", stage.name())], count.into());
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

    /// The panel, or with an id the details of a link.
    pub(crate) fn panel(&self, request: &HttpRequest) -> Result<HttpReply> {
        HttpReply::panel(request, |query| match &query.id {
            None => Ok(panel::overview(&self.state, query)),
            Some(id) => {
                details::details(&self.state, id, query).ok_or("there is no link to this miner")
            }
        })
    }

    pub(crate) fn report(&self) -> Value {
        let links = self.state.links.iter().map(|(hotkey, link)| {
            let mut phases: BTreeMap<&str, u32> = BTreeMap::new();
            for job in link.jobs.iter().filter_map(|id| self.state.jobs.get(*id)) {
                *phases.entry(job.phase.name()).or_default() += 1;
            }
            json!({
                "hotkey": hotkey,
                "host": link.address.host,
                "port": link.address.port,
                "state": link.stage().name(),
                "reason": link.trouble(),
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
