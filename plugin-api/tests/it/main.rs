//! An extension as an author writes it, driven by the harness.

mod http_answers;
mod log;
mod manifest;
mod metrics;
mod turns;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tig_plugin_api::Extension;
use tig_plugin_api::export::{decode_state, encode_state};
use tig_plugin_api::prelude::*;
use tig_plugin_api::testing::Harness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    step: u64,
}

#[derive(Deserialize)]
struct Add {
    amount: u64,
}

#[derive(Serialize)]
struct Total {
    total: u64,
}

impl Event for Total {
    const NAME: &'static str = "total";
}

#[derive(Deserialize, Serialize)]
struct Handover {
    seen: u64,
}

struct Counter {
    config: Config,
    total: u64,
    seen: u64,
}

#[extension(routes("GET /total", "GET /scores", "POST /fail/*"), state_version = 3)]
impl Counter {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let total = ctx.get("total")?.unwrap_or(0);
        Ok(Self {
            config,
            total,
            seen: 0,
        })
    }

    fn on_add(&mut self, ctx: &mut Context<'_>, add: Add) -> Result<()> {
        let total = self.total + add.amount * self.config.step;
        ctx.put("total", &total)?;
        ctx.emit(&Total { total })?;
        if add.amount == 13 {
            bail!("13 is not added");
        }
        self.total = total;
        self.seen += 1;
        Ok(())
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        ctx.http(&HttpCall {
            tag: "fetch".to_owned(),
            method: Method::Get,
            url: "http://127.0.0.1/".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout_ms: 1000,
            max_body_bytes: 1000,
        })
    }

    fn on_http_response(&mut self, ctx: &mut Context<'_>, response: HttpResponse) -> Result<()> {
        match response.result {
            Ok(answer) => ctx.emit_json("fetched", &(answer.status, answer.header("etag"))),
            Err(failure) => ctx.emit_json("failed", &failure),
        }
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        match request.path.as_str() {
            "/total" => HttpReply::json(200, &self.total),
            "/scores" => {
                let scores = ctx.scan_sound::<u64>("score/")?;
                HttpReply::json(
                    200,
                    &scores.iter().map(|(_, score)| score).collect::<Vec<_>>(),
                )
            }
            path => bail!("no {path}"),
        }
    }

    fn snapshot(&mut self) -> Result<Handover> {
        Ok(Handover { seen: self.seen })
    }

    /// Version 2 was the bare number.
    fn migrate(version: u32, state: serde_json::Value) -> Result<Handover> {
        match (version, state.as_u64()) {
            (2, Some(seen)) => Ok(Handover { seen }),
            _ => bail!("version {version} is unknown"),
        }
    }

    fn restore(&mut self, _ctx: &mut Context<'_>, state: Handover) -> Result<()> {
        self.seen = state.seen;
        Ok(())
    }
}

fn counter() -> Harness<Counter> {
    Harness::start(json!({ "name": "counter", "config": { "counter": { "step": 2 } } }))
}

#[test]
fn handlers_are_found_by_name() {
    assert_eq!(Counter::EVENTS, ["add", "update", "http_response"]);
}

#[test]
fn effects_of_a_failed_handler_are_dropped() {
    let mut counter = counter();
    counter.event("add", json!({ "amount": 1, "unknown": true }));
    assert_eq!(
        counter.emitted(),
        [("total".to_owned(), json!({ "total": 2 }))]
    );

    let error = counter
        .try_event("add", json!({ "amount": 13 }))
        .unwrap_err();
    assert_eq!(error.to_string(), "13 is not added");
    assert_eq!(counter.emitted(), []);
    assert_eq!(counter.stored()["total"], json!(2));
}

#[test]
fn a_misfit_argument_is_named_with_its_event_and_path() {
    let error = counter()
        .try_event("add", json!({ "amount": "x" }))
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("event `add`: amount: invalid type"),
        "{error}"
    );
}

#[test]
fn a_wrong_config_key_is_named_with_its_path() {
    let settings = json!({ "name": "counter", "config": { "counter": { "step": 2, "stp": 1 } } });
    let error = Harness::<Counter>::try_start(settings)
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with("config.counter.stp: unknown field `stp`"),
        "{error}"
    );
}

#[test]
fn responses_come_back_by_tag() {
    let mut counter = counter();
    counter.update();
    counter.respond("fetch", 204, "");
    counter.update();
    counter.fail("fetch", HttpFailureKind::Timeout);
    let emitted = counter.emitted();
    assert_eq!(emitted[0], ("fetched".to_owned(), json!([204, null])));
    assert_eq!(emitted[1].1["kind"], json!("timeout"));
}

#[test]
fn response_of_the_harness_has_headers() {
    let mut counter = counter();
    counter.update();
    counter.respond_with_headers("fetch", 200, &[("ETag", "\"7\"")], "");
    let expected = ("fetched".to_owned(), json!([200, "\"7\""]));
    assert_eq!(counter.emitted(), [expected]);
}

#[test]
fn storage_survives_a_restart_and_state_a_reload() {
    let mut counter = counter();
    counter.event("add", json!({ "amount": 3 }));
    counter.reload();
    assert_eq!(
        (counter.extension().total, counter.extension().seen),
        (6, 1)
    );
    counter.restart();
    assert_eq!(
        (counter.extension().total, counter.extension().seen),
        (6, 0)
    );
}

#[test]
fn a_damaged_record_is_set_aside_others_are_read() {
    let mut counter = counter();
    counter.store("score/1", "7");
    counter.store("score/2", "{\"torn");
    counter.store("score/3", "9");
    assert_eq!(
        counter.request("GET", "/scores", &[], "").unwrap().body,
        b"[7,9]"
    );
    assert!(!counter.stored().contains_key("score/2"));
    assert!(counter.stored().contains_key("damaged/score/2"));
    let (level, text) = counter.logs().remove(0);
    assert!(level == "error" && text.contains("`score/2`"), "{text}");
    assert_eq!(
        counter.request("GET", "/scores", &[], "").unwrap().body,
        b"[7,9]"
    );
    assert_eq!(counter.logs(), [], "logged once");
}

#[test]
fn routes_are_answered() {
    let mut counter = counter();
    let reply = counter.request("GET", "/total", &[], "").unwrap();
    assert_eq!((reply.status, reply.body.as_slice()), (200, &b"0"[..]));
    assert!(counter.request("POST", "/fail/1", &[], "").is_err());
}

#[test]
fn a_secret_is_not_shown() {
    let settings: Settings =
        serde_json::from_value(json!({ "name": "x", "api_key": "0123456789abcdef" })).unwrap();
    assert!(!format!("{settings:?}").contains("0123456789abcdef"));
}

#[test]
fn a_state_of_another_version_is_migrated_or_refused() {
    let mut counter = counter();
    counter.succeed_to(2, &json!(7)).unwrap();
    counter.reload();
    assert_eq!(counter.extension().seen, 7);
    let error = counter.succeed_to(1, &json!(7)).unwrap_err().to_string();
    assert!(error.contains("version 1 is unknown"), "{error}");

    let state = encode_state(1, &7).unwrap().unwrap();
    let error = decode_state::<u64>(&state, 2, None).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("has version 1, this plugin takes version 2"),
        "{error}"
    );
}
