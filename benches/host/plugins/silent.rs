//! Handles events and does nothing.

use serde_json::Value;
use tig_plugin_api::prelude::*;

struct Silent;

#[extension]
impl Silent {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_ping(&mut self, _ctx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    fn on_pong(&mut self, _ctx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }

    fn on_written(&mut self, _ctx: &mut Context<'_>) -> Result<()> {
        Ok(())
    }
}
