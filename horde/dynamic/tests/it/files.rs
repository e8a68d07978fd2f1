//! A file is read whole or refused whole.

use horde_dynamic::{FileFault, ParamFile, ValueFault};
use serde_json::{Value, json};

const VERSION: &str = "DYNAMIC_WEIGHTS_VERSION";

fn parse(file: &Value) -> Result<ParamFile, FileFault> {
    ParamFile::parse(file.to_string().as_bytes())
}

fn fault(file: &Value) -> FileFault {
    parse(file).expect_err("the file has a fault")
}

/// A file with one key and these items.
fn file_of(key: &str, items: &Value) -> Value {
    json!({ key: { "description": "d", "items": items } })
}

#[test]
fn empty_file_is_valid() {
    assert_eq!(parse(&json!({})).unwrap(), ParamFile::default());
    let empty = file_of(VERSION, &json!([]));
    assert!(parse(&empty).unwrap().unknown.is_empty());
}

#[test]
fn text_that_is_not_an_object_is_refused() {
    for text in ["", "<html>", "[]", "null", "{", "{\"a\":}", "\u{feff}{}"] {
        let fault = ParamFile::parse(text.as_bytes()).unwrap_err();
        assert!(matches!(fault, FileFault::Json(_)), "{text}: {fault}");
    }
    assert!(ParamFile::parse(b"{\"\xff\":1}").is_err());
}

#[test]
fn key_that_comes_twice_is_refused() {
    let param = r#"{"description":"d","items":[]}"#;
    let text = format!(r#"{{"{VERSION}":{param},"{VERSION}":{param}}}"#);
    let fault = ParamFile::parse(text.as_bytes()).unwrap_err();
    assert!(matches!(fault, FileFault::Repeated { .. }));
    assert_eq!(fault.to_string(), format!("\"{VERSION}\" comes twice"));
}

#[test]
fn param_of_another_shape_is_refused_with_its_key() {
    for param in [
        json!(3),
        json!({ "items": [] }),
        json!({ "description": "d" }),
        json!({ "description": "d", "items": {} }),
        json!({ "description": "d", "items": [{ "reason": "no value" }] }),
        json!({ "description": "d", "items": [{ "value": 3, "effective_from": 5 }] }),
        // With a misspelt time the value would count at once.
        json!({ "description": "d", "items": [{ "value": 3, "effective_form": "2999-01-01T00:00:00Z" }] }),
    ] {
        for key in [VERSION, "DYNAMIC_OF_TOMORROW"] {
            let fault = fault(&json!({ key: param }));
            assert!(matches!(fault, FileFault::Shape { .. }), "{fault}");
            assert!(fault.to_string().starts_with(&format!("\"{key}\": ")));
        }
    }
}

#[test]
fn value_with_a_fault_is_named() {
    let class_weights = "DYNAMIC_EXECUTOR_CLASS_WEIGHTS";
    let limits = "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS";
    let multiplier = "DYNAMIC_MANIFEST_SCORE_MULTIPLIER";
    for (key, value, expected) in [
        (VERSION, json!(5), "5 is not from 0 to 4"),
        (VERSION, json!(-1), "-1 is not from 0 to 4"),
        (VERSION, json!(2.5), "2.5 is not an integer"),
        (VERSION, json!("2"), "\"2\" is not an integer"),
        (VERSION, json!(null), "null is not an integer"),
        (multiplier, json!(0.5), "0.5 is not from 1 to 100"),
        (multiplier, json!(true), "true is not a number"),
        (
            "DYNAMIC_MAX_WEIGHT",
            json!(65_536),
            "65536 is not from 1 to 65535",
        ),
        (
            "DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED",
            json!(1),
            "1 is not true or false",
        ),
        (
            limits,
            json!("always_on.llm.a6000=5,always_on.gpu-24gb"),
            "pair 2, \"always_on.gpu-24gb\", is not class=number",
        ),
        (limits, json!("always_on.llm.a6000=1.5"), "is not a number"),
        (
            limits,
            json!("always_on.llm.a600=5"),
            "class \"always_on.llm.a600\" is unknown; classes are spin_up-4min.gpu-24gb,",
        ),
        (
            limits,
            json!("always_on.llm.a6000=10001"),
            "10001 is not from 0 to 10000",
        ),
        (class_weights, json!("always_on.llm.a6000=-1"), "-1"),
        (class_weights, json!("always_on.llm.a6000=NaN"), "NaN"),
        (class_weights, json!({}), "{} is not a text class=number"),
    ] {
        let items = json!([{ "value": value, "effective_from": "2999-01-01T00:00:00Z" }]);
        let fault = fault(&file_of(key, &items));
        let text = fault.to_string();
        assert!(matches!(fault, FileFault::Value { .. }), "{text}");
        assert!(text.starts_with(&format!("{key}: item 1: ")), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn fault_of_a_value_has_its_kind() {
    let of = |key: &str, value: Value| match fault(&file_of(key, &json!([{ "value": value }]))) {
        FileFault::Value { fault, .. } => fault,
        other => panic!("{other}"),
    };
    let limits = "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS";
    assert!(matches!(of(VERSION, json!("x")), ValueFault::Type { .. }));
    assert!(matches!(of(VERSION, json!(9)), ValueFault::Bounds { .. }));
    assert!(matches!(of(limits, json!("x")), ValueFault::Classes(_)));
    assert!(matches!(
        of(limits, json!("x=1")),
        ValueFault::UnknownClass { .. }
    ));
}

#[test]
fn item_without_a_time_in_its_time_is_refused() {
    let items = json!([{ "value": 1 }, { "value": 2, "effective_from": "2024-13-01T00:00:00Z" }]);
    let fault = fault(&file_of(VERSION, &items));
    assert!(matches!(fault, FileFault::Time { .. }));
    let expected =
        format!("\"{VERSION}\": item 2: effective_from: \"2024-13-01T00:00:00Z\" is not a time");
    assert_eq!(fault.to_string(), expected);
}

#[test]
fn items_of_a_key_are_bounded() {
    let items = vec![json!({ "value": 1 }); 257];
    let fault = fault(&file_of("DYNAMIC_OF_TOMORROW", &json!(items)));
    assert!(matches!(fault, FileFault::Items { count: 257, .. }));
}

#[test]
fn unknown_and_unused_keys_are_named() {
    let param = json!({ "description": "d", "items": [{ "value": ["what", "ever"] }] });
    let file = parse(&json!({
        "DYNAMIC_OF_TOMORROW": param,
        "DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION": param,
        "SERVING": param,
        VERSION: { "description": "d", "items": [{ "value": 3 }] },
    }))
    .unwrap();
    assert_eq!(file.unknown, ["DYNAMIC_OF_TOMORROW"]);
    let mut ignored = file.ignored;
    ignored.sort_unstable();
    assert_eq!(ignored, ["DYNAMIC_SYNTHETIC_JOBS_FLOW_VERSION", "SERVING"]);
}

#[test]
fn long_texts_are_cut_in_faults() {
    let long = "x".repeat(10_000);
    let items = json!([{ "value": long, "effective_from": long }]);
    let faulty_time = fault(&file_of(&long, &items)).to_string();
    let faulty_value = fault(&file_of(VERSION, &json!([{ "value": long }]))).to_string();
    assert!(faulty_time.len() < 300 && faulty_value.len() < 300);
}

#[test]
fn examples_of_the_reference_are_read() {
    let examples: Vec<Value> = serde_json::from_str(include_str!("param.examples.json")).unwrap();
    for (key, example) in [
        VERSION,
        "DYNAMIC_MINER_MAX_EXECUTORS_PER_CLASS",
        "DYNAMIC_COMMIT_REVEAL_WEIGHTS_ENABLED",
    ]
    .into_iter()
    .zip(examples)
    {
        parse(&json!({ key: example })).unwrap_or_else(|fault| panic!("{fault}"));
    }
}
