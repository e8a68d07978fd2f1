//! Any text that JSON can carry is read and passed on (section 10.12).

use horde_proto::facilitator::{
    JobStatus, JobStatusMetadata, JobStatusUpdate, MinerResponse, ToFacilitator,
};
use horde_proto::miner::{AuthenticationPayload, JobFinishedRequest, ToValidator};
use horde_proto::{MessageError, facilitator};
use serde_json::json;

use crate::vectors;
use crate::vectors::examples;

fn finished(stdout_json: &str) -> String {
    format!(
        r#"{{"job_uuid":"a","message_type":"V0JobFinishedRequest","docker_process_stdout":{stdout_json},"docker_process_stderr":""}}"#
    )
}

fn stdout_of(frame: &str) -> String {
    match ToValidator::parse(frame).unwrap() {
        ToValidator::JobFinished(JobFinishedRequest {
            docker_process_stdout,
            ..
        }) => docker_process_stdout,
        other => panic!("{other:?}"),
    }
}

#[test]
fn control_characters_reach_the_facilitator() {
    let stdout = stdout_of(&finished(r#""a\u0000b\u001b\u007f\ud83d\ude00\u2028""#));
    assert_eq!(stdout, "a\0b\u{1b}\u{7f}\u{1f600}\u{2028}");
    let update = ToFacilitator::from(JobStatusUpdate {
        uuid: "a".to_owned(),
        status: JobStatus::Completed,
        metadata: Some(JobStatusMetadata {
            comment: stdout.clone(),
            miner_response: Some(MinerResponse {
                docker_process_stdout: stdout.clone(),
                ..MinerResponse::default()
            }),
            ..JobStatusMetadata::default()
        }),
    });
    let frame = update.to_text();
    assert!(frame.contains(r"a\u0000b\u001b"), "{frame}");
    assert_eq!(ToFacilitator::parse(&frame).unwrap(), update);
}

#[test]
fn lone_surrogate_becomes_a_replacement_character() {
    let stdout = stdout_of(&finished(r#""before \ud800 after \\ud800 \uDC00""#));
    assert_eq!(stdout, "before \u{fffd} after \\ud800 \u{fffd}");
}

#[test]
fn name_that_comes_twice_counts_with_its_last_value() {
    let frame =
        r#"{"job_uuid":"a","message_type":"x","job_uuid":"b","message_type":"V0AcceptJobRequest"}"#;
    let message = ToValidator::parse(frame).unwrap();
    assert_eq!(message.job_uuid(), Some("b"));
}

#[test]
fn deep_nesting_is_refused() {
    let frame = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [129, 100_000] {
        let error = ToValidator::parse(&frame(depth)).unwrap_err();
        assert!(matches!(error, MessageError::Json(_)), "{depth}");
    }
    let error = ToValidator::parse(&frame(100)).unwrap_err();
    assert!(matches!(error, MessageError::NotObject { .. }));
}

/// Its tree would take up to ninety times its bytes in memory, before it is known which message it is.
#[test]
fn frame_of_too_many_values_is_refused() {
    let accepted = |unknown: &str| {
        format!(r#"{{"job_uuid":"a","message_type":"V0AcceptJobRequest","unknown":{unknown}}}"#)
    };
    let list =
        |item: &str, count: usize| format!("[{item}{}]", format!(",{item}").repeat(count - 1));
    let check = |error: MessageError| {
        let MessageError::Json(source) = error else {
            panic!("{error}");
        };
        let text = source.to_string();
        assert!(text.contains("more than 100000 values"), "{text}");
    };
    check(ToValidator::parse(&list("null", 100_000)).unwrap_err());
    for (item, count) in [("0", 99_997), (r#""a""#, 99_997), (r#"{"":[]}"#, 49_999)] {
        check(ToValidator::parse(&accepted(&list(item, count))).unwrap_err());
    }
    let frame = accepted(&list("0", 99_997));
    check(ToFacilitator::parse(&frame).unwrap_err());
    check(facilitator::ToValidator::parse_tolerant(&frame).unwrap_err());
    assert!(ToValidator::parse(&accepted(&list("0", 99_996))).is_ok());
}

#[test]
fn long_output_is_one_value() {
    let output = r"[0,{}],\\".repeat(100_000);
    let stdout = stdout_of(&finished(&format!(r#""{output}""#)));
    assert_eq!(stdout.len(), 800_000);
}

#[test]
fn name_of_raw_json_is_an_ordinary_name() {
    let specs = r#"{"$serde_json::private::RawValue":"[0]"}"#;
    let frame = format!(
        r#"{{"job_uuid":"a","message_type":"V0MachineSpecsRequest","specs":{{"specs":{specs}}}}}"#
    );
    assert_eq!(vectors::from_miner(&frame).unwrap(), frame);
}

#[test]
fn specs_are_passed_on_as_they_came() {
    let specs =
        r#"{"z":1.0,"a":[3202.3,-0.0,1e300,18446744073709551615,null,"\u0000"],"":{"b":1,"a":2}}"#;
    let frame = format!(
        r#"{{"job_uuid":"a","message_type":"V0MachineSpecsRequest","specs":{{"specs":{specs}}}}}"#
    );
    let rewritten = vectors::from_miner(&frame).unwrap();
    assert_eq!(rewritten, frame.replace("1e300", "1e+300"));
}

#[test]
fn fields_that_a_schema_welcomes_are_passed_on() {
    let frame = json!({
        "message_type": "V0JobStatusUpdate",
        "uuid": "a",
        "status": "failed",
        "metadata": {
            "comment": "",
            "miner_response": {
                "job_uuid": "a",
                "message_type": null,
                "docker_process_stderr": "",
                "docker_process_stdout": "",
                "exit_status": 3,
            },
            "more": [1],
        },
    });
    let frame = frame.to_string();
    assert_eq!(vectors::to_facilitator(&frame), Ok(frame));
}

#[test]
fn parts_of_messages_travel_by_serde() {
    let payload = AuthenticationPayload {
        validator_hotkey: "v\0".to_owned(),
        miner_hotkey: String::new(),
        timestamp: -1,
    };
    let text = serde_json::to_string(&payload).unwrap();
    let expected = r#"{"validator_hotkey":"v\u0000","miner_hotkey":"","timestamp":-1}"#;
    assert_eq!(text, expected);
    let read: AuthenticationPayload = serde_json::from_str(&text).unwrap();
    assert_eq!(read, payload);
    let error = serde_json::from_str::<AuthenticationPayload>("{}").unwrap_err();
    assert_eq!(error.to_string(), "`validator_hotkey` is missing");
}

#[test]
fn debug_output_holds_no_secrets() {
    let secret = "51EC4E7";
    let mut request = examples("fv.V2JobRequest").swap_remove(1);
    request["env"]["TOKEN"] = json!(secret);
    request["volume"]["volumes"][0]["contents"] = json!(format!("http://s3/a?sig={secret}"));
    let uploads = &mut request["output_upload"]["uploads"];
    uploads[0]["url"] = json!(format!("http://s3/b?sig={secret}"));
    uploads[1]["form_fields"]["policy"] = json!(secret);
    uploads[1]["signed_headers"]["X-Key"] = json!(secret);
    let mut authentication = examples("fv.V0AuthenticationRequest").swap_remove(0);
    authentication["signature"] = json!(secret);
    let request = facilitator::ToValidator::parse(&request.to_string()).unwrap();
    let authentication = ToFacilitator::parse(&authentication.to_string()).unwrap();
    for (shown, sent) in [
        (format!("{request:?}"), request.to_text()),
        (format!("{authentication:?}"), authentication.to_text()),
    ] {
        assert!(sent.contains(secret));
        assert!(!shown.contains(secret), "{shown}");
    }
}
