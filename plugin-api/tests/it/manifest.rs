//! The manifest that the compiler writes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tig_plugin_api::export::{
    CommandText, IdentityText, ManifestText, NO_ARGUMENTS, NoSchema as _, RatesText, SchemaOf,
};
use tig_plugin_api::{ApiRates, ConfigSchema, IdentityKey, Manifest, Rates, Secret};

/// Everything that a section may hold.
#[derive(ConfigSchema, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Config {
    /// How "many"\
    /// there are.
    count: u16,
    offset: i8,
    share: Option<f64>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(rename = "per-challenge")]
    challenges: BTreeMap<String, Challenge>,
    mode: Mode,
    token: Secret,
    anything: Value,
    #[serde(alias = "size")]
    batch_size: Size,
    #[serde(skip)]
    made: u64,
}

/// One of them.
#[derive(ConfigSchema, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Challenge {
    is_first: bool,
}

#[derive(ConfigSchema, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    FastLane,
    #[serde(rename = "slow")]
    Other,
}

#[derive(ConfigSchema, Deserialize)]
#[serde(try_from = "u64")]
struct Size;

impl From<u64> for Size {
    fn from(_: u64) -> Self {
        Self
    }
}

struct Plain;

const TEXT: ManifestText = ManifestText {
    name: "all",
    version: "1.2.3",
    panic: "unwind",
    events: &["a", "b"],
    emits: &["c"],
    routes: &["GET /x"],
    state_version: 12,
    config: <SchemaOf<Config>>::SCHEMA,
    identity: &[
        IdentityText {
            name: "account",
            about: "Who \"pays\".",
            default: None,
        },
        IdentityText {
            name: "url",
            about: "Where.",
            default: Some("https://a"),
        },
    ],
    commands: &[
        CommandText {
            name: "free",
            about: "Takes anything.",
            arguments: None,
        },
        CommandText {
            name: "bare",
            about: "",
            arguments: Some(&NO_ARGUMENTS),
        },
    ],
    rates: &[
        RatesText {
            identity: "url",
            rates: RATES,
        },
        RatesText {
            identity: "account",
            rates: RATES,
        },
    ],
};

const RATES: Rates = Rates {
    gets_per_minute: 60,
    posts_per_minute: 0,
};

static BYTES: [u8; TEXT.length()] = TEXT.bytes();

#[test]
fn manifest_holds_all_that_the_extension_states() {
    let manifest: Manifest = serde_json::from_slice(&BYTES).unwrap();
    assert_eq!(
        (manifest.name.as_str(), manifest.version.as_str()),
        ("all", "1.2.3")
    );
    assert_eq!((manifest.api_version, manifest.state_version), (1, 12));
    assert_eq!(manifest.events, ["a", "b"]);
    assert_eq!(manifest.emits, ["c"]);
    assert_eq!(manifest.routes, ["GET /x"]);
    let key = |name: &str, about: &str, default: Option<&str>| IdentityKey {
        name: name.to_owned(),
        about: about.to_owned(),
        default: default.map(str::to_owned),
    };
    assert_eq!(
        manifest.identity,
        [
            key("account", "Who \"pays\".", None),
            key("url", "Where.", Some("https://a"))
        ]
    );
    let [free, bare] = &manifest.commands[..] else {
        panic!("expected two commands: {:?}", manifest.commands)
    };
    assert_eq!((&*free.name, &*free.about), ("free", "Takes anything."));
    assert_eq!(free.arguments, None);
    let nothing = json!({
        "type": "object", "properties": {}, "required": [], "additionalProperties": false
    });
    assert_eq!(bare.arguments, Some(nothing));
    let rates = |identity: &str| ApiRates {
        identity: identity.to_owned(),
        rates: RATES,
    };
    assert_eq!(manifest.rates, [rates("url"), rates("account")]);
}

#[test]
fn manifest_of_an_earlier_sdk_states_no_rates() {
    let manifest: Manifest = serde_json::from_value(json!({
        "name": "x", "version": "1.0.0", "api_version": 1, "panic": "unwind", "events": [], "routes": [],
        "identity": [{ "name": "url", "about": "Where." }],
    }))
    .unwrap();
    assert_eq!(manifest.rates, []);
    let written = serde_json::to_value(&manifest).unwrap();
    assert_eq!(written.get("rates"), None);
}

#[test]
fn room_for_a_digest_ends_the_manifest() {
    let room = format!(r#","digest":"{}"}}"#, "0".repeat(64));
    assert!(BYTES.ends_with(room.as_bytes()));
}

#[test]
fn a_schema_follows_the_type_and_its_serde_attributes() {
    let manifest: Manifest = serde_json::from_slice(&BYTES).unwrap();
    let challenge = json!({
        "description": "One of them.",
        "type": "object",
        "properties": { "isFirst": { "type": "boolean" } },
        "required": [],
    });
    let size = json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
    let expected = json!({
        "description": "Everything that a section may hold.",
        "type": "object",
        "properties": {
            "count": { "description": "How \"many\"\\ there are.", "type": "integer", "minimum": 0, "maximum": 65535 },
            "offset": { "type": "integer", "minimum": -128, "maximum": 127 },
            "share": { "anyOf": [{ "type": "null" }, { "type": "number" }] },
            "names": { "type": "array", "items": { "type": "string" } },
            "per-challenge": { "type": "object", "additionalProperties": challenge },
            "mode": { "enum": ["fast-lane", "slow"] },
            "token": { "type": "string" },
            "anything": {},
            "batch_size": size,
            "size": size,
        },
        "required": ["count", "offset", "per-challenge", "mode", "token", "anything"],
        "additionalProperties": false,
    });
    assert_eq!(manifest.config.unwrap(), expected);
}

#[test]
fn a_type_without_a_schema_has_none() {
    assert!(<SchemaOf<Plain>>::SCHEMA.is_none());
}

#[test]
fn a_manifest_of_an_earlier_sdk_is_read() {
    let text = r#"{"name":"x","version":"1.0.0","api_version":1,"panic":"unwind","events":[],"routes":[]}"#;
    let manifest: Manifest = serde_json::from_str(text).unwrap();
    assert_eq!((manifest.state_version, manifest.config), (1, None));
}
