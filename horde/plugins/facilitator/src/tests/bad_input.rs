//! Requests that cannot be run: answered at once if they name a job.

use serde_json::{Value, json};

use super::support::*;

/// The reason with which a frame is rejected; `None` if it is ignored. Nothing of it is given away.
fn rejection(frame: &str) -> Option<String> {
    let mut world = start_up();
    world.frame(frame);
    assert!(world.requested().is_empty(), "{frame}");
    let mut statuses = world.statuses();
    // Another request is served as ever.
    world.frame(&request(&uuid(9)).to_string());
    assert_eq!(world.requested(), [uuid(9)]);
    assert!(statuses.len() < 2);
    let status = statuses.pop()?;
    assert_eq!(status.status.as_str(), "rejected");
    Some(status.metadata.unwrap().comment)
}

fn rejected(request: &Value) -> String {
    rejection(&request.to_string()).expect("it is answered")
}

#[test]
fn frames_without_a_job_are_ignored() {
    for frame in [
        "",
        "not JSON",
        "{\"uuid\":",
        "[]",
        "7",
        "{}",
        "null",
        r#"{"message_type":"V9"}"#,
        r#"{"message_type":"V0JobRequest"}"#,
        r#"{"message_type":"V0JobRequest","uuid":7}"#,
        r#"{"status":"maybe"}"#,
        r#"{"status":"success","errors":7}"#,
    ] {
        assert_eq!(rejection(frame), None, "{frame}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(rejection(&deep), None);
}

#[test]
fn unreadable_request_is_rejected_with_its_fault() {
    let job = uuid(1);
    let unknown = request_with(&job, "message_type", json!("V9JobRequest"));
    assert!(rejected(&unknown).contains(r#"message type "V9JobRequest" is unknown"#));
    let mut missing = request(&job);
    missing.as_object_mut().unwrap().remove("docker_image");
    assert!(rejected(&missing).contains("`docker_image` is missing"));
    for (field, value, expected) in [
        (
            "executor_class",
            json!("gpu\u{1b}"),
            r#"`executor_class` is "gpu\u{1b}", not one of"#,
        ),
        ("args", json!("a"), "`args` is a string, not a list"),
        ("args", json!([7]), "`args[0]` is a number"),
        ("env", json!({ "A": 1 }), "`env"),
        ("use_gpu", json!("yes"), "`use_gpu` is a string"),
        ("type", json!("job.old"), "`type` is"),
        ("volume", json!({ "volume_type": "floppy" }), "`volume"),
        (
            "volume",
            json!({ "volume_type": "single_file", "url": 7, "relative_path": "a" }),
            "`volume.url` is a number",
        ),
        ("output_upload", json!({}), "`output_upload"),
    ] {
        let text = rejected(&request_with(&job, field, value));
        assert!(text.contains(expected), "{field}: {text}");
    }
}

#[test]
fn request_without_image_and_script_is_rejected() {
    let text = rejected(&request_with(&uuid(1), "docker_image", json!("")));
    assert!(text.contains("neither `docker_image` nor `raw_script`"));
}

/// Whoever runs jobs decides on these: they can be read.
#[test]
fn readable_request_is_given_away_unjudged() {
    let url = json!({ "volume_type": "zip_url", "contents": "no url\u{0}", "relative_path": null });
    let signature =
        json!({ "signature_type": "x", "signatory": "y", "timestamp_ns": 1, "signature": "z" });
    let mut v2 = request_with(&uuid(3), "message_type", json!("V2JobRequest"));
    v2.as_object_mut().unwrap().remove("miner_hotkey");
    v2["signature"] = signature;
    let mut unsigned = v2.clone();
    unsigned["signature"] = Value::Null;
    unsigned["uuid"] = json!(uuid(4));
    let mut world = start_up();
    for request in [
        request_with(&uuid(1), "raw_script", json!("print(1)")),
        request_with(&uuid(2), "volume", url),
        v2,
        unsigned,
    ] {
        world.frame(&request.to_string());
        let emitted = world.0.emitted();
        assert_eq!(emitted.len(), 1, "{request}");
        assert_eq!(emitted[0].1["request"], request);
    }
}

/// The signature may cover a field that this version does not know.
#[test]
fn unknown_field_in_signed_part_is_rejected() {
    let mut v2 = request_with(&uuid(3), "message_type", json!("V2JobRequest"));
    v2.as_object_mut().unwrap().remove("miner_hotkey");
    v2["signature"] =
        json!({ "signature_type": "x", "signatory": "y", "timestamp_ns": 1, "signature": "z" });
    v2["volume"] = json!({ "volume_type": "inline", "contents": "", "newer": 1 });
    assert!(rejected(&v2).contains("volume.newer"));
}

#[test]
fn name_that_is_not_a_uuid_is_rejected() {
    for name in ["x", "\0", "0B8F5AB8-6F7A-4A3C-9F57-5F1B8B0F7A01"] {
        let text = rejected(&request(name));
        assert!(text.contains("not a UUID"), "{text}");
    }
    // There is nothing to answer, or too much.
    for name in ["", &"x".repeat(65)] {
        assert_eq!(rejection(&request(name).to_string()), None);
    }
}

#[test]
fn unreadable_request_ends_no_known_job() {
    let mut world = start_up();
    world.frame(&request(&uuid(1)).to_string());
    let unreadable = |number| request_with(&uuid(number), "args", Value::Null).to_string();
    world.frame(&unreadable(1));
    assert!(world.statuses().is_empty());
    world.frame(&unreadable(2));
    world.frame(&unreadable(2));
    assert_eq!(world.status_names(), [(uuid(2), "rejected")]);
    // Nor does a readable one under the same name come to life.
    world.requested();
    world.frame(&request(&uuid(2)).to_string());
    assert!(world.requested().is_empty());
}

#[test]
fn arguments_up_to_a_megabyte_are_carried() {
    let mut world = start_up();
    let open = world.0.ws_connections()[0].clone();
    assert_eq!(open.frame_bytes_max, 1 << 20);
    let long = request_with(&uuid(1), "args", json!(["x".repeat(1_047_000)])).to_string();
    assert!(long.len() < 1 << 20);
    world.frame(&long);
    assert_eq!(world.requested(), [uuid(1)]);
    let tag = world.tag();
    world.0.ws_end(&tag, tig_plugin_api::WsCloseClass::TooLarge);
    assert_eq!(world.state(), "pausing");
    world.reconnect();
    assert_eq!(world.state(), "up");
}

#[test]
fn foreign_texts_are_escaped_in_the_log() {
    let mut world = start_up();
    world.frame("\u{1b}[2J not JSON");
    world.frame(&request("\u{1b}[2J").to_string());
    world.frame(&error_answer("\u{1b}[2J"));
    let logs = world.0.logs();
    assert!(logs.len() >= 3);
    assert!(logs.iter().all(|(_, text)| !text.contains('\u{1b}')));
}
