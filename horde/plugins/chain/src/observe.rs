//! What others see of the extension: its conditions.

use tig_plugin_api::prelude::*;

use crate::HordeChain;
use crate::conditions::{View, of_neurons, of_watch};

impl HordeChain {
    /// The last thing that a handler does: nothing may fail after it.
    pub(crate) fn observe(&mut self, ctx: &mut Context<'_>) {
        let now_ms = ctx.now_ms();
        let is_wanted = !self.live.wants.is_empty();
        let failing = self.neurons_failing;
        let view = View {
            url: &self.config.url,
            watch: &self.live.watch,
            poll_cause: self.poll_cause,
            neurons: failing.and_then(|failing| failing.while_wanted(is_wanted, now_ms)),
            now_ms,
        };
        let service = of_watch(&view);
        // After a trouble of the whole service, neurons are judged afresh.
        self.neurons_failing = view.neurons.filter(|_| service.is_none());
        let present = service.or_else(|| of_neurons(&view));
        self.reported.report(ctx, present.into_iter().collect());
    }
}
