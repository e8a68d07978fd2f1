//! Timers, keys, connections and commands, as an extension sees them: through `#[extension]` and the harness.
//! A binary of its own: a file exports one extension.

#![cfg(test)]

use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::Extension;
use tig_plugin_api::abi::event;
use tig_plugin_api::prelude::*;
use tig_plugin_api::testing::{Harness, TestKey, check_failed_handlers};

/// Greets a peer at the time that the operator says.
struct Greeter {
    /// The greeting that is due, and the ticket of its call.
    due: Option<(String, Ticket)>,
}

/// A greeting.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct Greet {
    /// What is said.
    text: String,
    /// Milliseconds until it is said.
    after_ms: u64,
}

const PEER: &str = "peer";

#[extension]
impl Greeter {
    fn new(_config: Value, ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self {
            due: ctx.get("due")?,
        })
    }

    /// Greets the peer.
    #[command]
    fn greet(&mut self, ctx: &mut Context<'_>, greet: Greet) -> Result<Started> {
        if greet.text.is_empty() {
            bail!("a greeting needs a text");
        }
        let due = Some((greet.text, ctx.ticket()));
        ctx.put("due", &due)?;
        let now_ms = ctx.now_ms();
        ctx.at("greet", now_ms + greet.after_ms)?;
        ctx.progress(ctx.ticket(), "waiting")?;
        self.due = due;
        Ok(Started)
    }

    /// Greets nobody.
    #[command]
    fn forget(&mut self, ctx: &mut Context<'_>) -> Result<Started> {
        ctx.delete("due")?;
        ctx.cancel("greet")?;
        ctx.finish(ctx.ticket(), 3, "forgotten")?;
        self.due = None;
        Ok(Started)
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, tag: String) -> Result<()> {
        ctx.ws_open(&WsOpen {
            tag: PEER.to_owned(),
            url: format!("ws://peer/{tag}"),
            headers: Vec::new(),
            frame_bytes_max: 100,
            ping_every_ms: 0,
            silent_ms_max: 0,
            connect_ms: 1_000,
        })
    }

    fn on_ws(&mut self, ctx: &mut Context<'_>, event: WsEvent) -> Result<()> {
        match (event.kind, self.due.clone()) {
            (WsEventKind::Opened { .. }, Some((text, _))) => {
                let signature = ctx.sign("hotkey", text.as_bytes())?;
                let signed = format!("{text} {signature:?}");
                ctx.ws_send_reported(&event.tag, &signed, 1)?;
                ctx.ws_send(&event.tag, "bye")
            }
            (WsEventKind::Frame { text, at_us }, Some((_, ticket))) => {
                ctx.finish(ticket, 0, &(text, at_us))?;
                ctx.ws_close(&event.tag, 1000, "done")
            }
            _ => Ok(()),
        }
    }
}

fn key() -> TestKey {
    TestKey::new("hotkey", [7; 32], |bytes| vec![bytes.len() as u8])
}

fn start() -> Harness<Greeter> {
    let settings = json!({ "name": "greeter" });
    Harness::start_with_keys(settings, vec![key()]).unwrap()
}

fn greet(greeter: &mut Harness<Greeter>) -> Ticket {
    let arguments = json!({ "text": "hello", "after_ms": 500 });
    greeter.command("greet", &arguments).unwrap()
}

#[test]
fn command_ends_when_its_work_is_done() {
    let mut greeter = start();
    let ticket = greet(&mut greeter);
    assert_eq!(greeter.progress(), [(ticket, "waiting".to_owned())]);
    greeter.advance_ms(499);
    assert!(greeter.ws_connections().is_empty(), "not due yet");
    greeter.advance_ms(1);
    assert_eq!(greeter.ws_opened()[0].url, "ws://peer/greet");
    assert!(greeter.timers().is_empty(), "it was due once");
    greeter.ws_accept(PEER);
    let sent = greeter.ws_sent();
    assert_eq!(
        (sent[0].text.as_str(), sent[0].frame),
        ("hello [5]", Some(1))
    );
    assert_eq!((sent[1].text.as_str(), sent[1].frame), ("bye", None));
    greeter.ws_written(PEER, 1);
    assert_eq!(greeter.finished(ticket), None);
    greeter.advance_ms(250);
    greeter.ws_frame(PEER, "hi");
    let at_us = 1_700_000_000_750_000_u64;
    assert_eq!(greeter.finished(ticket), Some((0, &json!(["hi", at_us]))));
    assert_eq!(greeter.ws_closed()[0].1.code, 1000);
    greeter.ws_end(PEER, WsCloseClass::Local);
    assert!(greeter.ws_connections().is_empty());
}

#[test]
fn wrong_command_or_arguments_are_errors() {
    let mut greeter = start();
    let mut error = |name: &str, arguments: Value| {
        let called = greeter.command(name, &arguments);
        called.unwrap_err().to_string()
    };
    assert_eq!(error("dance", json!({})), "no command `dance`");
    let text = error("greet", json!({ "text": "hello", "after_ms": -1 }));
    assert!(text.starts_with("command `greet`: after_ms: "), "{text}");
    let text = error("greet", json!({ "text": "", "after_ms": 1 }));
    assert_eq!(text, "a greeting needs a text");
}

#[test]
fn tag_that_is_taken_or_unknown_is_an_error() {
    let mut greeter = start();
    greet(&mut greeter);
    greeter.advance_ms(500);
    greet(&mut greeter);
    let error = greeter.try_advance_ms(500).unwrap_err().to_string();
    assert!(error.contains("`peer` is there already"), "{error}");
    greeter.kill();
    assert!(
        greeter.ws_connections().is_empty(),
        "sockets die with the host"
    );
}

#[test]
fn kill_leaves_what_is_stored_and_no_timer() {
    let mut greeter = start();
    greet(&mut greeter);
    greeter.restart();
    assert_eq!(greeter.timers().len(), 1, "timers outlive the instance");
    greeter.kill();
    assert!(greeter.timers().is_empty(), "timers die with the host");
    assert!(greeter.stored().contains_key("due"));
}

#[test]
fn failed_handlers_leave_no_timer_frame_or_progress() {
    let steps = ["greet", "wait", "accept", "answer", "forget"];
    for k in 1..16 {
        check_failed_handlers(start, &steps, k, |greeter, step| {
            let has_peer = !greeter.ws_connections().is_empty();
            match *step {
                "greet" => {
                    let arguments = json!({ "text": "hello", "after_ms": 500 });
                    greeter.command("greet", &arguments).map(drop)
                }
                "wait" => greeter.try_advance_ms(500),
                "accept" if has_peer => greeter.try_ws(PEER, WsEventKind::Opened { at_us: 1 }),
                "answer" if has_peer => {
                    let text = "hi".to_owned();
                    greeter.try_ws(PEER, WsEventKind::Frame { text, at_us: 2 })
                }
                _ => greeter.command("forget", &json!({})).map(drop),
            }
        });
    }
}

#[test]
fn manifest_events_name_what_the_host_delivers() {
    assert_eq!(Greeter::EVENTS, [event::TIMER, event::WS]);
}
