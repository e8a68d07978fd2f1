//! Takes the time from when a `timed` event says that it was emitted to its handler; `GET /latencies` reports it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tig_plugin_api::prelude::*;

struct Timed {
    nanoseconds: Vec<u64>,
}

#[extension(routes("GET /latencies"))]
impl Timed {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self {
            nanoseconds: Vec::new(),
        })
    }

    fn on_timed(&mut self, _ctx: &mut Context<'_>, emitted: u64) -> Result<()> {
        // A plugin measures with the system's clock here because the host's counts milliseconds.
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as u64;
        self.nanoseconds.push(now.saturating_sub(emitted));
        Ok(())
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        HttpReply::json(200, &self.nanoseconds)
    }
}
