//! Extension `plugin_name`: counts blocks, and reports when they stay away.
//!
//! | | |
//! |---|---|
//! | handles | `new_block` |
//! | emits | - |
//! | routes | `GET /operator/panel/plugin_name`: `tig-host plugin_name`, and a part of the operator's page |
//! | conditions | `no_block`: no block came for `silence_seconds` |
//! | metrics | `blocks`: blocks since the start of the host |
//! | config keys | `silence_seconds` |
//! | stored keys | `seen`: number of blocks ever seen |

#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use tig_plugin_api::panel::{Figure, Format, Panel, Widget};
use tig_plugin_api::prelude::*;

/// The one timer of this plugin.
const SILENCE: &str = "silence";

/// Section `plugin_name` of the host's config.
#[derive(ConfigSchema, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Seconds without a block after which an operator should look.
    silence_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            silence_seconds: 600,
        }
    }
}

/// Watches blocks.
pub struct Observer {
    config: Config,
    seen: u64,
}

#[extension(routes("GET /operator/panel/plugin_name"))]
impl Observer {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let seen = ctx.get_sound("seen")?.unwrap_or(0);
        let observer = Self { config, seen };
        // A restart of the host has forgotten the timer.
        observer.set_timer(ctx)?;
        Ok(observer)
    }

    fn on_new_block(&mut self, ctx: &mut Context<'_>, _event: IgnoredAny) -> Result<()> {
        let seen = self.seen + 1;
        ctx.put("seen", &seen)?;
        ctx.count("blocks", &[], 1);
        ctx.set_conditions(&[]);
        self.set_timer(ctx)?;
        self.seen = seen;
        Ok(())
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _tag: String) -> Result<()> {
        let seconds = self.config.silence_seconds;
        let text = format!("no block came for {seconds} s");
        let silence = Condition::new("no_block", Severity::Warning, text)
            .with_remedy("see `tig-host why` and the log for requests that fail");
        ctx.set_conditions(&[silence]);
        Ok(())
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let figures = vec![Figure::new("blocks seen", json!(self.seen), Format::Number)];
        let panel = Panel {
            title: "plugin_name".to_owned(),
            order: 100,
            widgets: vec![Widget::Figures {
                title: String::new(),
                figures,
            }],
        };
        HttpReply::json(200, &panel)
    }
}

impl Observer {
    fn set_timer(&self, ctx: &mut Context<'_>) -> Result<()> {
        let silence_ms = u64::from(self.config.silence_seconds) * 1_000;
        let due_ms = ctx.now_ms() + silence_ms;
        ctx.at(SILENCE, due_ms)
    }
}
