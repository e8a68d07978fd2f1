//! An extension that asks its host for what an event says.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tig_plugin_api::panel::Panel;
use tig_plugin_api::prelude::*;
use tig_plugin_api::testing::{Harness, TestKey};

/// What a handler asks for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) enum Ask {
    Emit,
    EmitDurable,
    EmitLatest,
    EmitReserved,
    Get,
    Put,
    Delete,
    Scan,
    Http,
    Wake,
    At,
    Cancel,
    PublicKey,
    Sign,
    WsOpen,
    WsSend,
    WsClose,
    Progress,
    Finish,
    Count,
    Gauge,
    Conditions,
    Unfinished,
    Log,
    Roll,
    Fail,
}

#[derive(Serialize)]
struct Paid {
    amount: u64,
}

impl Event for Paid {
    const NAME: &'static str = "paid";
    const DURABLE: bool = true;
}

#[derive(Serialize)]
struct Level {
    z: u64,
    a: u64,
}

impl Event for Level {
    const NAME: &'static str = "level";
    const LATEST: bool = true;
}

pub(crate) struct Probe {
    /// Number of asks that were granted to this instance.
    pub(crate) granted: u64,
    /// A number that `new` has drawn.
    pub(crate) drawn: u64,
}

#[extension(routes("GET /operator/panel/*"))]
impl Probe {
    fn new(_config: Value, ctx: &mut Context<'_>) -> Result<Self> {
        let drawn = ctx.random_u64();
        Ok(Self { granted: 0, drawn })
    }

    fn on_ask(&mut self, ctx: &mut Context<'_>, asks: Vec<Ask>) -> Result<()> {
        for ask in asks {
            grant(ctx, ask)?;
            self.granted += 1;
        }
        Ok(())
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        match response.result {
            Ok(answer) => ctx.emit_json("answered", &answer.status),
            Err(failure) => ctx.emit_json("failed", &failure),
        }
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        let panel = Panel {
            title: request.query,
            ..Panel::default()
        };
        match request.path.as_str() {
            "/operator/panel/probe" => HttpReply::json(200, &panel),
            "/operator/panel/odd" => HttpReply::json(200, &7),
            _ => Ok(HttpReply::text(404, "no such panel")),
        }
    }
}

fn grant(ctx: &mut Context<'_>, ask: Ask) -> Result<()> {
    match ask {
        Ask::Emit => ctx.emit_json("pong", &1),
        Ask::EmitDurable => ctx.emit(&Paid { amount: 7 }),
        Ask::EmitLatest => ctx.emit(&Level { z: 1, a: 2 }),
        Ask::EmitReserved => ctx.emit_json("host.timer", &1),
        Ask::Get => ctx.get::<Value>("key").map(drop),
        Ask::Put => ctx.put("key", "value"),
        Ask::Delete => ctx.delete("key"),
        Ask::Scan => ctx.scan::<Value>("k").map(drop),
        Ask::Http => ctx.http(&HttpCall {
            tag: "fetch".to_owned(),
            method: Method::Post,
            url: "http://127.0.0.1/".to_owned(),
            headers: Vec::new(),
            body: br#"{"b":1,"a":2}"#.to_vec(),
            timeout_ms: 1_000,
            max_body_bytes: 100,
        }),
        Ask::Wake => ctx.wake(2),
        Ask::At => ctx.at("tick", 1_700_000_000_500),
        Ask::Cancel => ctx.cancel("tick"),
        Ask::PublicKey => ctx.public_key("hotkey").map(drop),
        Ask::Sign => ctx.sign("hotkey", b"text").map(drop),
        Ask::WsOpen => ctx.ws_open(&WsOpen {
            tag: "peer".to_owned(),
            url: "ws://127.0.0.1/".to_owned(),
            headers: Vec::new(),
            frame_bytes_max: 100,
            ping_every_ms: 0,
            silent_ms_max: 0,
            connect_ms: 1_000,
        }),
        Ask::WsSend => ctx.ws_send("peer", "hello"),
        Ask::WsClose => ctx.ws_close("peer", 1000, "done"),
        Ask::Progress => ctx.progress(Ticket::NONE, "half"),
        Ask::Finish => ctx.finish(Ticket::NONE, 0, "whole"),
        _ => report(ctx, ask),
    }
}

fn report(ctx: &mut Context<'_>, ask: Ask) -> Result<()> {
    match ask {
        Ask::Count => ctx.count("pings", &[("kind", "a")], 2),
        Ask::Gauge => ctx.gauge("level", &[], 0.5),
        Ask::Conditions => {
            ctx.set_conditions(&[Condition::new("low", Severity::Info, "It is low.")])
        }
        Ask::Unfinished => ctx.unfinished(3),
        Ask::Log => ctx.warn_with("pinged", &[("count", &2), ("who", &"ann")]),
        Ask::Roll => {
            let eyes = ctx.random_u64() % 6 + 1;
            ctx.emit_json("eyes", &eyes)?;
        }
        _ => bail!("asked to fail"),
    }
    Ok(())
}

pub(crate) fn settings() -> Value {
    json!({ "name": "probe" })
}

pub(crate) fn probe() -> Harness<Probe> {
    let key = TestKey::new("hotkey", [7; 32], |bytes| bytes.to_vec());
    Harness::setup(settings()).with_key(key).start()
}

/// Handles an event that asks for all of this.
pub(crate) fn ask(probe: &mut Harness<Probe>, asks: &[Ask]) -> Result<()> {
    probe.try_event("ask", json!(asks))
}
