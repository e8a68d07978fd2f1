//! What others see of the slaves: metrics, conditions, the log, `GET /slaves` and the panel.

use tig_events::Fleet;
use tig_plugin_api::PanelQuery;
use tig_plugin_api::prelude::*;

use crate::batches::Version;
use crate::report::Report;
use crate::view::{Presence, Waiting};
use crate::{SlaveManager, State, conditions, details, panel};

/// Batches that wait without a slave for so long are a condition: slaves need a moment to find a host that has started.
const UNASKED_MS_MIN: u64 = 5_000;

/// The same after a start of the host, when slaves that had lost it wait before they try again.
const START_MS: u64 = 10_000;

/// A sample that covers more time than this does not count, as after a pause of the machine.
const SAMPLE_MS_MAX: u64 = 60_000;

impl SlaveManager {
    /// To be called every few seconds.
    pub(crate) fn observe(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        self.sample(now_ms);
        let presence = self.view(now_ms).presence();
        let is_unasked = presence.eligible == 0 && self.state.queue.num_queued() > 0;
        self.unasked_since_ms = is_unasked.then(|| self.unasked_since_ms.unwrap_or(now_ms));
        self.measure(ctx, presence);
        self.report_conditions(ctx);
    }

    /// Emits how many slaves there are and how busy they are, if that has changed. Called before anything else changes, since it
    /// may fail.
    pub(crate) fn emit_fleet(&self, ctx: &mut Context<'_>) -> Result<Fleet> {
        let presence = self.view(ctx.now_ms()).presence();
        // To the percent: a share that trembles is not news.
        let percent = |share: f64| (share * 100.0).round() / 100.0;
        let fleet = Fleet {
            slaves: presence.present as u64,
            busy_share: presence.busy_share().map(percent),
        };
        if self.fleet != Some(fleet) {
            ctx.emit(&fleet)?;
        }
        Ok(fleet)
    }

    /// Counts the time since the last sample as busy for slaves that have a batch.
    fn sample(&mut self, now_ms: u64) {
        let State {
            queue,
            slaves,
            sampled_ms,
            began_ms,
            ..
        } = &mut self.state;
        // The rates go on as before if the clock is set back.
        *began_ms = began_ms.saturating_sub(sampled_ms.saturating_sub(now_ms));
        let elapsed_ms = now_ms.saturating_sub(std::mem::replace(sampled_ms, now_ms));
        if elapsed_ms > SAMPLE_MS_MAX {
            return;
        }
        for name in queue.holders() {
            if let Some(slave) = slaves.get_mut(name) {
                slave.rates.add_busy_ms(elapsed_ms, now_ms);
            }
        }
    }

    fn measure(&self, ctx: &mut Context<'_>, presence: Presence) {
        let now_ms = ctx.now_ms();
        let queue = &self.state.queue;
        for version in Version::ALL {
            let queued = queue.num_queued_of(version) as f64;
            ctx.gauge("batches_queued", &[("version", version.name())], queued);
        }
        let gauges = [
            ("batches_leased", queue.num_leased()),
            ("slaves_present", presence.present),
            ("slaves_busy", presence.busy),
            ("slaves_cordoned", self.cordon.len()),
            ("slaves_quarantined", self.quarantine.num_current(now_ms)),
        ];
        for (name, value) in gauges {
            ctx.gauge(name, &[], value as f64);
        }
    }

    /// Reports the conditions if they have changed; the last thing that a handler does, since nothing may fail after it.
    pub(crate) fn report_conditions(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let is_unasked = self.unasked_since_ms.is_some_and(|since_ms| {
            now_ms.saturating_sub(since_ms) >= UNASKED_MS_MIN
                && now_ms.saturating_sub(self.state.began_ms) >= START_MS
        });
        let view = self.view(now_ms);
        let present = conditions::present(&view, view.presence(), is_unasked, &self.reported);
        self.reported.report(ctx, present);
    }

    pub(crate) fn log_queue(&mut self, ctx: &mut Context<'_>) {
        let queue = &self.state.queue;
        let (queued, leased) = (queue.num_queued(), queue.num_leased());
        if queued + leased > 0 {
            ctx.info_with(
                "queue",
                &[
                    ("queued", &queued),
                    ("priority", &queue.num_queued_of(Version::Proof)),
                    ("leased", &leased),
                ],
            );
        }
        let view = self.view(ctx.now_ms());
        let waiting = view.waiting(view.presence());
        if waiting == Waiting::NoSlaves && self.waiting != waiting {
            ctx.warn("batches wait, but no slave has asked for a minute: start one");
        }
        self.waiting = waiting;
    }

    /// All slaves, unless the query asks for a page of them.
    pub(crate) fn report(&self, query: &str, now_ms: u64) -> Result<HttpReply> {
        let is_paged = query.split('&').any(|pair| pair.starts_with("limit="));
        match PanelQuery::parse(query) {
            Ok(page) => {
                let limit = if is_paged { page.limit } else { usize::MAX };
                let view = self.view(now_ms);
                HttpReply::json(200, &Report::new(&view, &PanelQuery { limit, ..page }))
            }
            Err(error) => Ok(HttpReply::text(400, &error.to_string())),
        }
    }

    pub(crate) fn panel(&self, request: &HttpRequest, now_ms: u64) -> Result<HttpReply> {
        let view = self.view(now_ms);
        HttpReply::panel(request, |query| match &query.id {
            None => Ok(panel::overview(&view, query)),
            Some(name) => details::details(&view, name).ok_or("no slave of this name is known"),
        })
    }
}
