//! What others see of the extension: its conditions.

use tig_plugin_api::prelude::*;

use crate::HordeChain;
use crate::conditions::{View, present};

impl HordeChain {
    /// The last thing that a handler does: nothing may fail after it.
    pub(crate) fn observe(&mut self, ctx: &mut Context<'_>) {
        let conditions = present(&View {
            url: &self.config.url,
            watch: &self.live.watch,
            poll_cause: self.poll_cause,
            neurons: self.neurons_failing,
            now_ms: ctx.now_ms(),
        });
        self.reported.report(ctx, conditions);
    }
}
