//! An extension that uses all of it, in the harness.

use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::testing::{Harness, TestKey};

use super::start::START_PAUSE_MS_MAX;
use super::*;
use tig_plugin_api::prelude::*;

#[derive(ConfigSchema, Deserialize)]
struct Config {
    netuid: u16,
}

struct Witness {
    hotkey: Hotkey,
    /// Milliseconds from the start to the handler that follows it.
    pause_ms: u64,
}

#[extension(routes("GET /witness"))]
impl Witness {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let hotkey = Hotkey::new(ctx, "hotkey")?;
        let owner = Owner {
            hotkey: hotkey.address().to_owned(),
            netuid: config.netuid,
        };
        owner.claim_store(ctx)?;
        let pause_ms = next_start_ms(ctx)? - ctx.now_ms();
        Ok(Self { hotkey, pause_ms })
    }

    fn on_update(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        record_start(ctx)
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let signature = self.hotkey.sign(ctx, b"a")?.to_string();
        HttpReply::json(200, &signature)
    }
}

fn start(
    public: impl Into<Vec<u8>>,
    netuid: u16,
    signed: &'static [u8],
) -> Result<Harness<Witness>> {
    let key = TestKey::new("hotkey", public, |_| signed.to_vec());
    let settings = json!({ "name": "witness", "config": { "witness": { "netuid": netuid } } });
    Harness::start_with_keys(settings, vec![key])
}

fn owner(harness: &Harness<Witness>) -> Value {
    harness.stored()["owner"].clone()
}

#[test]
fn store_belongs_to_one_validator() {
    let mut witness = start([7; 32], 12, &[]).unwrap();
    let first = owner(&witness);
    assert_eq!(first["netuid"], 12);
    witness.kill();
    for other in [start([8; 32], 12, &[]), start([7; 32], 49, &[])] {
        let mut other = other.unwrap();
        other.store("owner", first.to_string());
        let error = other.try_reload().unwrap_err().to_string();
        assert!(error.contains("is that of hotkey 5"), "{error}");
        assert!(
            error.contains("on subnet 12, and the config is for"),
            "{error}"
        );
    }
}

#[test]
fn damaged_owner_is_entered_again() {
    let mut witness = start([7; 32], 12, &[]).unwrap();
    let first = owner(&witness);
    witness.store("owner", "no JSON");
    witness.kill();
    assert_eq!(owner(&witness), first);
}

#[test]
fn start_that_fails_is_tried_again_ever_later() {
    let mut witness = start([7; 32], 12, &[]).unwrap();
    let mut pauses = vec![witness.extension().pause_ms];
    for _ in 0..9 {
        witness.advance_ms(pauses.last().copied().unwrap_or_default());
        witness.kill();
        pauses.push(witness.extension().pause_ms);
    }
    let expected = [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 12_800];
    assert_eq!(pauses, expected);
    witness.update();
    witness.kill();
    assert_eq!(witness.extension().pause_ms, 0);
}

#[test]
fn start_before_the_due_time_does_not_move_it() {
    let mut witness = start([7; 32], 12, &[]).unwrap();
    for _ in 0..8 {
        witness.advance_ms(START_PAUSE_MS_MAX);
        witness.kill();
    }
    assert_eq!(witness.extension().pause_ms, START_PAUSE_MS_MAX);
    for left_ms in [12_799, 12_700, 6_000, 1] {
        let pause_ms = witness.extension().pause_ms;
        witness.advance_ms(pause_ms - left_ms);
        witness.kill();
        assert_eq!(witness.extension().pause_ms, left_ms);
    }
}

#[test]
fn start_is_not_late_after_the_clock_was_set_back() {
    let mut witness = start([7; 32], 12, &[]).unwrap();
    witness.kill();
    assert_eq!(witness.extension().pause_ms, 100);
    witness.set_back_ms(START_PAUSE_MS_MAX);
    witness.kill();
    assert_eq!(witness.extension().pause_ms, 200);
}

#[test]
fn older_form_of_stored_starts_is_read() {
    let mut witness = start([7; 32], 12, &[]).unwrap();
    witness.store("starts", "3");
    witness.kill();
    assert_eq!(witness.extension().pause_ms, 400);
    assert_eq!(witness.logs(), []);
    assert_eq!(witness.stored()["starts"]["count"], 4);
}

#[test]
fn key_of_another_kind_is_refused() {
    let error = start([1; 33], 12, &[]).err().unwrap().to_string();
    assert!(
        error.contains("public key of 33 bytes, and hotkeys have 32"),
        "{error}"
    );
    let mut witness = start([7; 32], 12, &[1; 65]).unwrap();
    let error = witness.request("GET", "/witness", &[], "").unwrap_err();
    assert!(
        error.to_string().contains("signed with 65 bytes, not 64"),
        "{error}"
    );
}

#[test]
fn signature_is_the_hosts() {
    let mut witness = start([7; 32], 12, &[0xab; 64]).unwrap();
    let reply = witness.request("GET", "/witness", &[], "").unwrap();
    let expected = format!("\"0x{}\"", "ab".repeat(64));
    assert_eq!(String::from_utf8(reply.body).unwrap(), expected);
}
