//! Takes the time from when a `timed` event says that it was emitted to its handler; `GET /latencies` reports it. An `alarm` event
//! sets a timer; `GET /lateness` reports how late each was.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tig_plugin_api::prelude::*;

struct Timed {
    /// From the emit to the handler.
    nanoseconds: Vec<u64>,
    /// From the time of a timer to its handler.
    late_nanoseconds: Vec<u64>,
}

#[extension(routes("GET /latencies", "GET /lateness"))]
impl Timed {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self {
            nanoseconds: Vec::new(),
            late_nanoseconds: Vec::new(),
        })
    }

    fn on_timed(&mut self, _ctx: &mut Context<'_>, emitted: u64) -> Result<()> {
        self.nanoseconds.push(now()?.saturating_sub(emitted));
        Ok(())
    }

    fn on_alarm(&mut self, ctx: &mut Context<'_>, unix_ms: u64) -> Result<()> {
        ctx.at(&unix_ms.to_string(), unix_ms)
    }

    fn on_timer(&mut self, _ctx: &mut Context<'_>, tag: String) -> Result<()> {
        let due = tag.parse::<u64>()? * 1_000_000;
        self.late_nanoseconds.push(now()?.saturating_sub(due));
        Ok(())
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        let asked = match request.path.as_str() {
            "/lateness" => &self.late_nanoseconds,
            _ => &self.nanoseconds,
        };
        HttpReply::json(200, asked)
    }
}

/// Unix nanoseconds by the system's clock: the host's counts milliseconds.
fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64)
}
