//! Each rule, broken: the error names the message, the field and the reason.

use horde_proto::facilitator::ToFacilitator;
use horde_proto::{FieldError, MessageError, Reason, facilitator, miner};
use serde_json::{Value, json};

use crate::vectors::{examples, fault, with_causes};

/// An example with some of its fields changed.
fn changed(kind: &str, index: usize, changes: &[(&str, Value)]) -> String {
    let mut frame = examples(kind).swap_remove(index);
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match frame.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[name.parse::<usize>().unwrap()] = value.clone(),
            object => object[name] = value.clone(),
        }
    }
    frame.to_string()
}

fn without(kind: &str, name: &str) -> String {
    let mut frame = examples(kind).swap_remove(0);
    frame.as_object_mut().unwrap().remove(name).unwrap();
    frame.to_string()
}

fn at(path: &str, reason: Reason) -> FieldError {
    FieldError {
        path: path.to_owned(),
        reason,
    }
}

#[test]
fn frames_that_are_not_objects_are_refused() {
    for text in [
        "",
        "{",
        "{} {}",
        "{'a': 1}",
        "NaN",
        "\u{feff}{}",
        "{\"a\":\"\n\"}",
    ] {
        let error = miner::ToMiner::parse(text).unwrap_err();
        assert!(matches!(error, MessageError::Json(_)), "{text}");
    }
    let error = miner::ToMiner::parse("[]").unwrap_err();
    assert!(matches!(error, MessageError::NotObject { found: "a list" }));
}

#[test]
fn frames_without_a_type_are_refused() {
    let untyped = without("mv.V0AcceptJobRequest", "message_type");
    for text in [untyped.as_str(), "{}", r#"{"message_type":null}"#] {
        let error = miner::ToValidator::parse(text).unwrap_err();
        assert!(matches!(error, MessageError::NoType), "{text}");
        let error = facilitator::ToValidator::parse(text).unwrap_err();
        assert!(matches!(error, MessageError::NoType), "{text}");
    }
}

#[test]
fn frames_of_the_other_direction_are_unknown() {
    let accept = examples("mv.V0AcceptJobRequest").swap_remove(0).to_string();
    let error = miner::ToMiner::parse(&accept).unwrap_err();
    assert!(matches!(error, MessageError::UnknownType { .. }));
    let authenticate = examples("mv.V0AuthenticateRequest").swap_remove(0);
    let error = miner::ToValidator::parse(&authenticate.to_string()).unwrap_err();
    assert!(matches!(error, MessageError::UnknownType { .. }));
}

#[test]
fn unknown_types_are_shown_escaped_and_cut() {
    let text = json!({"message_type": format!("\n\0{}", "x".repeat(1000))}).to_string();
    let error = ToFacilitator::parse(&text).unwrap_err().to_string();
    assert!(error.contains(r#""\n\0xxx"#), "{error}");
    assert!(error.len() < 200, "{error}");
}

#[test]
fn error_names_message_field_and_reason() {
    let text = changed(
        "mv.V0InitialJobRequest",
        1,
        &[("/volume/volumes/0/url", json!(5))],
    );
    let error = miner::ToMiner::parse(&text).unwrap_err();
    assert_eq!(
        with_causes(&error),
        "V0InitialJobRequest is invalid: `volume.volumes[0].url` is a number, not a string"
    );
}

#[test]
fn missing_fields_are_named() {
    let text = without("mv.V0JobFinishedRequest", "docker_process_stderr");
    let found = fault(miner::ToValidator::parse(&text));
    assert_eq!(found, at("docker_process_stderr", Reason::Missing));
    let mut update = examples("fv.JobStatusUpdate").swap_remove(0);
    let response = update.pointer_mut("/metadata/miner_response").unwrap();
    response.as_object_mut().unwrap().remove("message_type");
    let found = fault(ToFacilitator::parse(&update.to_string()));
    assert_eq!(
        found,
        at("metadata.miner_response.message_type", Reason::Missing)
    );
}

#[test]
fn miners_may_send_fields_that_are_unknown() {
    let text = changed("mv.V0AcceptJobRequest", 0, &[("/later", json!({"a": 1}))]);
    let message = miner::ToValidator::parse(&text).unwrap();
    assert!(!message.to_text().contains("later"));
}

#[test]
fn facilitators_may_not_send_fields_that_are_unknown() {
    let text = changed("fv.V1JobRequest", 0, &[("/later", json!(1))]);
    let found = fault(facilitator::ToValidator::parse(&text));
    assert_eq!(found, at("later", Reason::UnknownField));
    let text = changed("fv.V2JobRequest", 0, &[("/signature/la\n", json!(1))]);
    let found = fault(facilitator::ToValidator::parse(&text));
    assert_eq!(found, at("signature.\"la\\n\"", Reason::UnknownField));
    let text = changed("fv.Response", 0, &[("/later", json!(1))]);
    let found = fault(facilitator::ToValidator::parse(&text));
    assert_eq!(found, at("later", Reason::UnknownField));
}

#[test]
fn objects_and_lists_are_not_interchangeable() {
    let payload = json!(["validator", "miner", 5]);
    let text = changed("mv.V0AuthenticateRequest", 0, &[("/payload", payload)]);
    let found = fault(miner::ToMiner::parse(&text));
    let reason = Reason::Type {
        expected: "an object",
        found: "a list",
    };
    assert_eq!(found, at("payload", reason));
}

#[test]
fn texts_of_a_set_are_checked() {
    let preset = json!("all");
    let text = changed(
        "mv.V0JobRequest",
        0,
        &[("/docker_run_options_preset", preset)],
    );
    let error = miner::ToMiner::parse(&text).unwrap_err();
    assert_eq!(
        with_causes(&error),
        "V0JobRequest is invalid: `docker_run_options_preset` is \"all\", not one of nvidia_all, none"
    );
    let preset = json!({"none": null});
    let text = changed(
        "mv.V0JobRequest",
        0,
        &[("/docker_run_options_preset", preset)],
    );
    let found = fault(miner::ToMiner::parse(&text));
    assert!(matches!(found.reason, Reason::Type { .. }));
    let text = changed(
        "mv.V0ExecutorManifestRequest",
        0,
        &[("/manifest/executor_classes/0/executor_class", json!("gpu"))],
    );
    let found = fault(miner::ToValidator::parse(&text));
    assert_eq!(found.path, "manifest.executor_classes[0].executor_class");
    assert!(matches!(found.reason, Reason::NotListed { .. }));
}

#[test]
fn multi_volumes_do_not_nest() {
    let nested = json!({"volume_type": "multi_volume", "volumes": []});
    let text = changed(
        "mv.V0InitialJobRequest",
        1,
        &[("/volume/volumes/0", nested)],
    );
    let found = fault(miner::ToMiner::parse(&text));
    assert_eq!(found.path, "volume.volumes[0].volume_type");
    assert!(matches!(found.reason, Reason::NotListed { .. }));
}

#[test]
fn volume_comes_at_once_or_later() {
    let text = changed(
        "mv.V0InitialJobRequest",
        1,
        &[("/volume_type", json!("multi_volume"))],
    );
    let found = fault(miner::ToMiner::parse(&text));
    assert!(matches!(found.reason, Reason::Rule(rule) if rule.contains("`volume_type`")));
    assert_eq!(found.path, "");
}

#[test]
fn jobs_need_an_image_or_a_script() {
    let nothing = [
        ("/docker_image_name", json!("")),
        ("/raw_script", Value::Null),
    ];
    let text = changed("mv.V0JobRequest", 0, &nothing);
    let found = fault(miner::ToMiner::parse(&text));
    assert!(matches!(found.reason, Reason::Rule(rule) if rule.contains("`raw_script`")));
    for kind in ["fv.V0JobRequest", "fv.V1JobRequest", "fv.V2JobRequest"] {
        let nothing = [("/docker_image", json!("")), ("/raw_script", json!(""))];
        let text = changed(kind, 0, &nothing);
        let found = fault(facilitator::ToValidator::parse(&text));
        assert!(matches!(found.reason, Reason::Rule(_)), "{kind}");
    }
}

#[test]
fn integers_have_no_fraction_and_64_bits() {
    let count = |count: &str| {
        let frame = r#"{"message_type":"V0ExecutorManifestRequest","manifest":{"executor_classes":[{"executor_class":0,"count":N}]}}"#;
        miner::ToValidator::parse(&frame.replace('N', count))
    };
    for (text, expected) in [
        ("3.0", 3),
        ("-0.0", 0),
        ("1e3", 1000),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("-9223372036854775808.0", i64::MIN),
    ] {
        match count(text).unwrap() {
            miner::ToValidator::ExecutorManifest(request) => {
                assert_eq!(request.manifest.executor_classes[0].count, expected);
            }
            other => panic!("{other:?}"),
        }
    }
    for text in ["9223372036854775808", "9223372036854775808.0", "1e300"] {
        let found = fault(count(text));
        assert!(matches!(found.reason, Reason::OutOfRange { .. }), "{text}");
    }
    for text in ["0.5", "\"3\"", "true", "null"] {
        let found = fault(count(text));
        assert!(matches!(found.reason, Reason::Type { .. }), "{text}");
    }
    assert!(matches!(count("1e400"), Err(MessageError::Json(_))));
}

#[test]
fn times_of_signatures_have_64_bits() {
    for (value, is_read) in [
        (json!(u64::MAX), true),
        (json!(1e18), true),
        (json!(-1), false),
        (json!(18_446_744_073_709_551_616.0), false),
    ] {
        let text = changed("fv.V2JobRequest", 0, &[("/signature/timestamp_ns", value)]);
        match facilitator::ToValidator::parse(&text) {
            Ok(_) => assert!(is_read, "{text}"),
            refused => {
                let found = fault(refused);
                assert!(matches!(found.reason, Reason::OutOfRange { .. }), "{text}");
                assert!(!is_read, "{text}");
            }
        }
    }
}

#[test]
fn times_are_dates_with_a_time() {
    let text = changed(
        "mv.V0JobAcceptedReceiptRequest",
        0,
        &[("/payload/time_accepted", json!("1732806192"))],
    );
    let found = fault(miner::ToMiner::parse(&text));
    assert_eq!(found.path, "payload.time_accepted");
    assert!(matches!(found.reason, Reason::NotTime { .. }));
}

#[test]
fn zip_upload_without_a_type_is_a_post() {
    let system_output = json!({"url": "http://x"});
    let text = changed(
        "mv.V0JobRequest",
        1,
        &[("/output_upload/system_output", system_output)],
    );
    let frame = miner::ToMiner::parse(&text).unwrap().to_text();
    let expected = r#""system_output":{"output_upload_type":"zip_and_http_post","url":"http://x","form_fields":null}"#;
    assert!(frame.contains(expected), "{frame}");
}

#[test]
fn fields_of_a_newer_facilitator_are_dropped() {
    let added = [("/artifacts_dir", json!("/artifacts")), ("/a\n", json!(1))];
    let text = changed("fv.V2JobRequest", 1, &added);
    let tolerated = facilitator::ToValidator::parse_tolerant(&text).unwrap();
    assert_eq!(tolerated.dropped, ["artifacts_dir", "\"a\\n\""]);
    let unchanged = examples("fv.V2JobRequest").swap_remove(1).to_string();
    assert_eq!(tolerated.message.to_text(), unchanged);
    let text = changed("fv.Response", 1, &[("/later", json!(1))]);
    let tolerated = facilitator::ToValidator::parse_tolerant(&text).unwrap();
    assert_eq!(tolerated.dropped, ["later"]);
    let many: serde_json::Map<String, Value> = (0..1000)
        .map(|number| (format!("later{number}"), json!(1)))
        .chain([("status".to_owned(), json!("success"))])
        .collect();
    let text = Value::Object(many).to_string();
    let tolerated = facilitator::ToValidator::parse_tolerant(&text).unwrap();
    assert_eq!(tolerated.dropped.len(), facilitator::DROPPED_NAMES_MAX);
}

#[test]
fn job_of_an_unreadable_frame_is_named() {
    for (text, job) in [
        (r#"{"uuid":"a","uuid":"b"}"#, Some("b")),
        (
            r#"{"message_type":"V9","uuid":"a\ud800"}"#,
            Some("a\u{fffd}"),
        ),
        (r#"{"uuid":7}"#, None),
        (r#"["uuid"]"#, None),
        ("{", None),
    ] {
        let found = facilitator::ToValidator::job_of(text);
        assert_eq!(found.as_deref(), job, "{text}");
    }
    let many = format!(r#"{{"args":[0{}],"uuid":"a"}}"#, ",0".repeat(100_000));
    assert!(facilitator::ToValidator::parse_tolerant(&many).is_err());
    let found = facilitator::ToValidator::job_of(&many);
    assert_eq!(found.as_deref(), Some("a"), "too many values");
}

#[test]
fn nothing_is_dropped_inside_of_what_is_signed() {
    for (pointer, path) in [
        ("/signature/later", "signature.later"),
        ("/volume/later", "volume.later"),
        ("/volume/volumes/2/later", "volume.volumes[2].later"),
        (
            "/output_upload/uploads/1/later",
            "output_upload.uploads[1].later",
        ),
        (
            "/output_upload/system_output/later",
            "output_upload.system_output.later",
        ),
    ] {
        let text = changed("fv.V2JobRequest", 1, &[(pointer, json!(1))]);
        let found = fault(facilitator::ToValidator::parse_tolerant(&text));
        assert_eq!(found, at(path, Reason::UnknownField));
    }
    // Where nothing is signed, the schema's rule holds: volumes ignore what is unknown.
    let unsigned = [("/signature", Value::Null), ("/volume/later", json!(1))];
    let text = changed("fv.V2JobRequest", 1, &unsigned);
    assert!(facilitator::ToValidator::parse_tolerant(&text).is_ok());
    let text = changed("fv.V1JobRequest", 1, &[("/volume/later", json!(1))]);
    assert!(facilitator::ToValidator::parse_tolerant(&text).is_ok());
}

#[test]
fn maps_of_texts_keep_their_order() {
    let text = changed(
        "fv.V1JobRequest",
        0,
        &[("/env", json!({"B": "1", "A": "2", "": ""}))],
    );
    let frame = facilitator::ToValidator::parse(&text).unwrap().to_text();
    assert!(
        frame.contains(r#""env":{"B":"1","A":"2","":""}"#),
        "{frame}"
    );
    let text = changed("fv.V1JobRequest", 0, &[("/env", json!({"A.B": 1}))]);
    let found = fault(facilitator::ToValidator::parse(&text));
    assert_eq!(found.path, "env.\"A.B\"");
}
