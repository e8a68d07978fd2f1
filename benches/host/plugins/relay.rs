//! Answers each `ping` with a `pong`.

use serde_json::Value;
use tig_plugin_api::prelude::*;

struct Relay;

#[extension]
impl Relay {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_ping(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.emit_json("pong", &())
    }
}
