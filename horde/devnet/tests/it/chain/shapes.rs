//! The service speaks as Pylon does: recorded requests and answers, and the description of its routes.

use std::collections::BTreeSet;
use std::path::Path;

use horde_devnet::chain::ChainConfig;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, FIRST, config, network, own_hotkey};
use crate::client::soon;

fn vectors(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A chain like the recorded one.
fn recorded_config() -> ChainConfig {
    ChainConfig {
        identity: "sn1".to_owned(),
        netuid: 1,
        first_block: 4_400_000,
        ..config()
    }
}

/// The same names with the same types of values; in maps by hotkey and in lists, of the first entry.
fn assert_alike(expected: &Value, actual: &Value, path: &str) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) if path.ends_with("neurons") => {
            let (expected, actual) = (expected.values().next(), actual.values().next());
            assert_alike(expected.unwrap(), actual.unwrap(), "neuron");
        }
        (Value::Object(expected), Value::Object(actual)) => {
            let keys = |map: &serde_json::Map<String, Value>| -> BTreeSet<String> {
                map.keys().cloned().collect()
            };
            assert_eq!(keys(expected), keys(actual), "{path}");
            for (key, value) in expected {
                assert_alike(value, &actual[key], &format!("{path}.{key}"));
            }
        }
        (Value::Array(expected), Value::Array(actual)) => {
            assert_alike(&expected[0], &actual[0], &format!("{path}[0]"));
        }
        _ => {
            let kind = |value: &Value| std::mem::discriminant(value);
            assert_eq!(kind(expected), kind(actual), "{path}: {expected} {actual}");
            let is_float = |value: &Value| value.is_f64();
            assert_eq!(is_float(expected), is_float(actual), "{path}: {actual}");
        }
    }
}

#[tokio::test]
async fn recorded_requests_are_answered_alike() {
    let devnet = network(recorded_config(), &[]).await;
    let client = Client::of(&devnet);
    let examples = vectors("pylon.examples.json");
    let mut count = 0;
    for example in examples.as_array().unwrap() {
        let request = &example["request"];
        let url = request["url"].as_str().unwrap();
        // Commitments of knowledge and the former login are left out.
        if url.contains("commitments") || url.contains("login") {
            continue;
        }
        let method: Method = request["method"].as_str().unwrap().parse().unwrap();
        let mut sent = client.http.request(method, format!("{}{url}", client.root));
        if !request["json"].is_null() {
            sent = sent.json(&request["json"]);
        }
        let response = soon(sent.send()).await.unwrap();
        assert_eq!(response.status().as_u16(), example["status"], "{url}");
        let body: Value = response.json().await.unwrap();
        let expected = &example["response"];
        assert_alike(expected, &body, url);
        if example["status"] != 200 {
            assert_eq!(&body, expected, "{url}");
        }
        count += 1;
    }
    assert_eq!(count, 8);
}

#[tokio::test]
async fn neurons_have_the_fields_of_the_description() {
    let api = vectors("pylon.openapi.json");
    let devnet = network(config(), &[]).await;
    let body = Client::of(&devnet).read("block/latest/neurons").await;
    let neuron = &body["neurons"][own_hotkey()];
    for (schema, value) in [
        ("Neuron", neuron),
        ("AxonInfo", &neuron["axon_info"]),
        ("Stakes", &neuron["stakes"]),
        ("Block", &body["block"]),
        ("SubnetNeurons", &body),
    ] {
        let schema = &api["components"]["schemas"][schema];
        let properties = schema["properties"].as_object().unwrap();
        let value = value.as_object().unwrap();
        assert!(properties.keys().eq(value.keys()), "{schema} {value:?}");
        for (name, property) in properties {
            let value = &value[name];
            match property["type"].as_str() {
                Some("integer") => assert!(value.is_u64(), "{name}"),
                Some("number") => assert!(value.is_f64(), "{name}"),
                Some("string") => assert!(value.is_string(), "{name}"),
                Some("boolean") => assert!(value.is_boolean(), "{name}"),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn newest_block_is_shown_alone() {
    let devnet = network(config(), &[]).await;
    let client = Client::of(&devnet);
    let expected = json!({"block": client.chain.newest()});
    assert_eq!(client.read("block/latest").await, expected);
    let hash = expected["block"]["hash"].as_str().unwrap();
    assert_eq!((hash.len(), &hash[..2]), (66, "0x"));
}

#[tokio::test]
async fn neurons_of_old_blocks_are_read() {
    let devnet = network(config(), &[]).await;
    let client = Client::of(&devnet);
    let change = horde_devnet::chain::NeuronChange::Deregister {
        hotkey: own_hotkey(),
        successor: None,
    };
    client.chain.change_neurons([change]).unwrap();
    client.chain.advance(3);
    let has_own = |body: Value| body["neurons"].get(own_hotkey()).is_some();
    let old = client.read(&format!("block/{FIRST}/neurons")).await;
    assert_eq!(old["block"]["number"], FIRST);
    assert!(has_own(old));
    assert!(!has_own(client.read("block/latest/neurons").await));
    let validators = client.read(&format!("block/{FIRST}/validators")).await;
    let totals: Vec<f64> = (validators["validators"].as_array().unwrap().iter())
        .map(|it| it["stakes"]["total"].as_f64().unwrap())
        .collect();
    assert_eq!(totals, [21_000.0, 1_600.0, 1_600.0]);
}

#[tokio::test]
async fn limits_are_those_of_the_rules() {
    let devnet = network(config(), &[]).await;
    let expected = json!({
        "min_allowed_weights": 1,
        "max_weight_limit": 1.0,
        "commit_reveal_weights_enabled": true,
        "commit_reveal_weights_interval": 10,
        "tempo": 360,
    });
    assert_eq!(Client::of(&devnet).read("limits").await, expected);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_rejected() {
    let devnet = network(config(), &[]).await;
    let client = Client::of(&devnet);
    let http = &client.http;
    let root = &client.root;
    for (method, path, expected) in [
        (Method::GET, "/", 404),
        (Method::GET, "/api/v1/subnet/12/block/x/neurons", 404),
        (
            Method::GET,
            "/api/v1/subnet/12/block/4294967296/neurons",
            404,
        ),
        (Method::GET, "/api/v1/subnet/12/weights/commits", 404),
        (Method::GET, "/api/v1/subnet/13/block/latest", 404),
        (Method::GET, "/api/v1/subnet/x/block/latest", 404),
        (
            Method::GET,
            "/api/v1/identity/validator/subnet/13/limits",
            404,
        ),
        (Method::POST, "/api/v1/subnet/12/block/latest", 405),
    ] {
        let sent = http.request(method, format!("{root}{path}")).send();
        let response = soon(sent).await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["status_code"], expected, "{path}");
    }
}

#[tokio::test]
async fn faulty_bodies_are_rejected() {
    let devnet = network(config(), &[]).await;
    let client = Client::of(&devnet);
    for (method, path, body, key) in [
        (Method::PUT, "weights", json!({}), "weights"),
        (
            Method::PUT,
            "weights",
            json!({"weights": {"5x": "1"}}),
            "weights",
        ),
        (
            Method::PUT,
            "weights",
            json!({"weights": {"5x": -1.0}}),
            "weights",
        ),
        (
            Method::POST,
            "weights/commit",
            json!({"commit_hash": "0x12"}),
            "commit_hash",
        ),
        (
            Method::POST,
            "weights/commit",
            json!({"commit_hash": 12}),
            "commit_hash",
        ),
        (
            Method::POST,
            "weights/set",
            json!({"uids": [70_000]}),
            "uids",
        ),
        (
            Method::POST,
            "weights/reveal",
            json!({"uids": [], "values": []}),
            "uids",
        ),
    ] {
        let (status, answer) = client.send(method, path, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer["extra"][0]["key"], key, "{answer}");
    }
    assert!(client.chain.journal_from(0).is_empty());
}

#[tokio::test]
async fn bearer_token_is_checked() {
    let mut config = config();
    config.token = Some("open sesame".to_owned());
    let devnet = network(config, &["html*1"]).await;
    let client = Client::of(&devnet);
    let url = client.url("block/latest");
    for header in [None, Some("Bearer open"), Some("open sesame")] {
        let mut request = client.http.get(&url);
        if let Some(header) = header {
            request = request.header("Authorization", header);
        }
        let response = soon(request.send()).await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{header:?}");
    }
    // A request without the token does not use up a fault.
    assert_eq!(client.chain.report().faults, ["html*1"]);
    let request = client.http.get(&url).bearer_auth("open sesame");
    assert_eq!(soon(request.send()).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn web_pages_are_refused() {
    let devnet = network(config(), &[]).await;
    let client = Client::of(&devnet);
    let request = client.http.get(client.url("block/latest"));
    let request = request.header("Origin", "http://example.org");
    let response = soon(request.send()).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
