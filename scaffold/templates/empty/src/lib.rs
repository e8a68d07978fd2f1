//! Extension `plugin_name`: logs each new block. Put what it is for here.
//!
//! | | |
//! |---|---|
//! | handles | `new_block` |
//! | emits | - |
//! | config keys | `greeting` |
//! | stored keys | `height`: that of the last block |

#[cfg(test)]
mod tests;

use serde::Deserialize;
use tig_plugin_api::prelude::*;

/// Section `plugin_name` of the host's config. The host checks it before it loads the plugin.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What is logged with each block.
    greeting: String,
}

/// What this plugin reads of the event; what else the event has is ignored.
#[derive(Deserialize)]
struct NewBlock {
    block: Block,
}

#[derive(Deserialize)]
struct Block {
    details: Details,
}

#[derive(Deserialize)]
struct Details {
    height: u64,
}

/// The plugin. Its fields live in memory: what must survive a restart is stored by `ctx.put`.
pub struct Plugin {
    config: Config,
}

#[extension]
impl Plugin {
    /// Called at each start and reload, and after a fault.
    fn new(config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self { config })
    }

    /// A function `on_<event>` handles the event of this name.
    fn on_new_block(&mut self, ctx: &mut Context<'_>, event: NewBlock) -> Result<()> {
        let height = event.block.details.height;
        ctx.put("height", &height)?;
        ctx.info_with(&self.config.greeting, &[("height", &height)]);
        Ok(())
    }
}
