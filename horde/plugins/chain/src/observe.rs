//! What others see of the extension: its conditions.

use tig_plugin_api::prelude::*;

use crate::HordeChain;
use crate::conditions::{View, of_watch, present};

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
        // After a trouble of the whole service, neurons are judged afresh.
        let has_trouble = of_watch(&view).is_some();
        let conditions = present(&view);
        self.neurons_failing = view.neurons.filter(|_| !has_trouble);
        self.reported.report(ctx, conditions);
    }
}
