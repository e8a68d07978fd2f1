//! Emits as many `ping` in one transaction as the event says.

use serde_json::Value;
use tig_plugin_api::prelude::*;

struct Burst;

#[extension]
impl Burst {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_burst(&mut self, ctx: &mut Context<'_>, count: u64) -> Result<()> {
        for _ in 0..count {
            ctx.emit_json("ping", &())?;
        }
        Ok(())
    }
}
