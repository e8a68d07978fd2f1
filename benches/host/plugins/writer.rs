//! Stores records of about 100 bytes: one for each `write`, many for each `fill`; reports each with `written`.

use serde_json::Value;
use tig_plugin_api::prelude::*;

const RECORD: &str = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

struct Writer;

#[extension]
impl Writer {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_write(&mut self, ctx: &mut Context<'_>, number: u64) -> Result<()> {
        put(ctx, number)?;
        ctx.emit_json("written", &())
    }

    /// From the first number to before the second.
    fn on_fill(&mut self, ctx: &mut Context<'_>, (from, to): (u64, u64)) -> Result<()> {
        for number in from..to {
            put(ctx, number)?;
        }
        ctx.emit_json("written", &())
    }
}

/// Keys are spread over the whole store.
fn put(ctx: &mut Context<'_>, number: u64) -> Result<()> {
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ctx.put(&format!("{spread:016x}"), RECORD)
}
