//! An extension that uses all of it, in the harness.

use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::testing::{Harness, TestKey};

use super::*;
use tig_plugin_api::prelude::*;

#[derive(ConfigSchema, Deserialize)]
struct Config {
    netuid: u16,
}

struct Witness(Hotkey);

#[extension(routes("GET /witness"))]
impl Witness {
    fn new(config: Config, ctx: &mut Context<'_>) -> Result<Self> {
        let hotkey = Hotkey::new(ctx, "hotkey")?;
        let owner = Owner {
            hotkey: hotkey.address().to_owned(),
            netuid: config.netuid,
        };
        owner.claim_store(ctx)?;
        Ok(Self(hotkey))
    }

    fn on_http_request(
        &mut self,
        ctx: &mut Context<'_>,
        _request: HttpRequest,
    ) -> Result<HttpReply> {
        let signature = self.0.sign(ctx, b"a")?.to_string();
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
