//! What others see of the fetcher: metrics, conditions, the panel.

use tig_plugin_api::prelude::*;

use crate::{DataFetcher, STALL_MS, conditions, panel};

impl DataFetcher {
    /// The last thing that a handler does: nothing may fail after it.
    pub(crate) fn observe(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let block_age_ms = self
            .last_block_ms
            .map(|last_ms| now_ms.saturating_sub(last_ms));
        if let Some(history) = &self.history {
            ctx.gauge("block_height", &[], f64::from(history.height()));
        }
        if let Some(age_ms) = block_age_ms {
            ctx.gauge("block_age_seconds", &[], age_ms as f64 / 1_000.0);
        }
        if let Some(latency_ms) = self.health.latency_ms {
            ctx.gauge("api_latency_seconds", &[], latency_ms as f64 / 1_000.0);
        }
        // An API that does not answer is another trouble than one that has no new block.
        let is_answering = self.health.failures == 0;
        let stalled_ms = block_age_ms.filter(|age_ms| *age_ms >= STALL_MS && is_answering);
        let api_url = &ctx.settings().api_url;
        let (health, history) = (&self.health, self.history.as_ref());
        let present = conditions::present(api_url, health, history, stalled_ms, &self.reported);
        self.reported.report(ctx, present);
    }

    pub(crate) fn panel(&self, ctx: &Context<'_>) -> Result<HttpReply> {
        let api_url = &ctx.settings().api_url;
        let panel = panel::panel(api_url, &self.health, self.history.as_ref());
        HttpReply::json(200, &panel)
    }
}
