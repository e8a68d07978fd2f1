//! The examples of tig-api.md section 6 decode and encode back equal.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tig_protocol::api;

/// Decodes an example and encodes it again. Optional fields that the example leaves out come back as null, so nulls do
/// not count in the comparison.
#[track_caller]
fn check<T: Serialize + DeserializeOwned>(example: &str) -> T {
    let expected: Value = serde_json::from_str(example).expect("the example is JSON");
    let decoded: T = serde_json::from_str(example).expect("the example decodes");
    let encoded = serde_json::to_value(&decoded).expect("the example encodes");
    assert_eq!(without_nulls(encoded), without_nulls(expected));
    decoded
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        plain => plain,
    }
}

macro_rules! example {
    ($name:literal) => {
        include_str!(concat!("api_examples/", $name, ".json"))
    };
}

#[test]
fn blocks() {
    let response: api::GetBlockResponse = check(example!("get-block"));
    let config = response.block.and_then(|block| block.config).unwrap();
    assert_eq!(config.difficulty.parameters["c001"][1].min_value, 300);
    let data: api::BlockData = check(example!("block-data"));
    assert_eq!(data.active_challenge_ids.len(), 4);
}

#[test]
fn algorithms() {
    let response: api::GetAlgorithmsResponse = check(example!("get-algorithms"));
    assert!(response.wasms[0].details.download_url.is_some());
}

#[test]
fn players() {
    let response: api::GetPlayersResponse = check(example!("get-players"));
    let balance = response.players[0]
        .state
        .as_ref()
        .and_then(|state| state.available_fee_balance);
    assert_eq!(balance.unwrap().to_string(), "8750000000000000000");
}

#[test]
fn benchmarks() {
    let response: api::GetBenchmarksResponse = check(example!("get-benchmarks"));
    assert_eq!(response.precommits[0].settings.difficulty, [55, 320]);
    let data: api::GetBenchmarkDataResponse = check(example!("get-benchmark-data"));
    let leaf = &data.proof.unwrap().merkle_proofs.unwrap()[0].leaf;
    assert_eq!(leaf.runtime_signature, u64::MAX);
}

#[test]
fn challenges() {
    let response: api::GetChallengesResponse = check(example!("get-challenges"));
    assert!(response.challenges[2].block_data.is_none());
}

#[test]
fn submissions() {
    check::<api::SubmitPrecommitRequest>(example!("submit-precommit-request"));
    check::<api::SubmitPrecommitResponse>(example!("submit-precommit-response"));
    check::<api::SubmitBenchmarkRequest>(example!("submit-benchmark-request"));
    check::<api::SubmitBenchmarkResponse>(example!("submit-benchmark-response"));
    check::<api::SubmitProofRequest>(example!("submit-proof-request"));
    check::<api::RequestApiKeyRequest>(example!("request-api-key-request"));
}

#[test]
fn api_key_stays_out_of_debug_output() {
    let response: api::RequestApiKeyResponse = check(example!("request-api-key-response"));
    assert!(!format!("{response:?}").contains(&response.api_key));
}

#[test]
fn verdicts_are_written_in_one_form() {
    let written = |verified| serde_json::to_value(api::SubmitProofResponse { verified }).unwrap();
    assert_eq!(
        written(api::Verified::Ok),
        json!({"verified": {"Ok": null}})
    );
    assert_eq!(
        written(api::Verified::Err("why".to_owned())),
        json!({"verified": {"Err": "why"}})
    );
}

#[test]
fn verdicts_are_read_in_every_form() {
    let read = |text: &str| {
        serde_json::from_str::<api::SubmitProofResponse>(text).map(|response| response.verified)
    };
    for good in [
        r#"{"verified":{"Ok":null}}"#,
        r#"{"verified":null}"#,
        r#"{"verified":"ok"}"#,
        "{}",
    ] {
        assert_eq!(read(good).unwrap(), api::Verified::Ok, "{good}");
    }
    for bad in [r#"{"verified":{"Err":"why"}}"#, r#"{"verified":"why"}"#] {
        assert_eq!(
            read(bad).unwrap(),
            api::Verified::Err("why".to_owned()),
            "{bad}"
        );
    }
    assert!(read(r#"{"verified":{"Maybe":null}}"#).is_err());
    assert!(read(r#"{"verified":7}"#).is_err());
}

#[test]
fn unknown_fields_are_ignored_optional_ones_may_miss() {
    let text = r#"{"id":"c001","details":{"name":"satisfiability","new":1},"newer":[2]}"#;
    let challenge: api::Challenge = serde_json::from_str(text).unwrap();
    assert_eq!(challenge.state, None);
    let expected = json!({"id": "c001", "details": {"name": "satisfiability"}, "state": null, "block_data": null});
    assert_eq!(serde_json::to_value(challenge).unwrap(), expected);
}
