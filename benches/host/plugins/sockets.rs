//! Websocket connections: `POST /dial` with a URL and a number opens so many; `POST /send` sends some frames to all. A frame
//! that begins with `e` is sent back, others are only handled.

use serde_json::Value;
use tig_plugin_api::prelude::*;

/// Time to connect, in milliseconds.
const CONNECT_MS: u64 = 60_000;

struct Sockets {
    tags: Vec<String>,
}

#[extension(routes("POST /dial", "POST /send"))]
impl Sockets {
    fn new(_config: Value, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self { tags: Vec::new() })
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        if request.path == "/dial" {
            let (url, count): (String, usize) = serde_json::from_slice(&request.body)?;
            for _ in 0..count {
                let tag = self.tags.len().to_string();
                ctx.ws_open(&WsOpen {
                    tag: tag.clone(),
                    url: url.clone(),
                    headers: Vec::new(),
                    frame_bytes_max: 1 << 20,
                    ping_every_ms: 30_000,
                    silent_ms_max: 90_000,
                    connect_ms: CONNECT_MS,
                })?;
                self.tags.push(tag);
            }
        } else {
            let (text, times): (String, usize) = serde_json::from_slice(&request.body)?;
            for _ in 0..times {
                for tag in &self.tags {
                    ctx.ws_send(tag, &text)?;
                }
            }
        }
        HttpReply::json(200, &())
    }

    fn on_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()> {
        match event.kind {
            WsEventKind::Frame { text, .. } if text.starts_with('e') => {
                ctx.ws_send(&event.tag, &text)
            }
            WsEventKind::Closed { reason, .. } => bail!("connection {} ended: {reason}", event.tag),
            _ => Ok(()),
        }
    }
}
