//! Authentication, and frames that are not messages.

use horde_proto::facilitator::{AuthenticationRequest, Heartbeat, ToFacilitator};

use super::fixture::{Bench, address, closed, errors, validator};
use crate::facilitator::FacilitatorConfig;
use crate::facilitator::FacilitatorViolationKind as Kind;

fn heartbeat() -> ToFacilitator {
    ToFacilitator::Heartbeat(Heartbeat {})
}

#[test]
fn valid_signature_is_answered_with_success() {
    let mut bench = Bench::new(&[]);
    let id = bench.connect();
    let effects = bench.authenticate(id, 1);
    assert_eq!((errors(&effects), closed(&effects)), (vec![], None));
    let report = bench.core.report();
    assert_eq!(report.connections[0].validator, Some(address(1)));
}

#[test]
fn first_frame_must_be_the_authentication() {
    let mut bench = Bench::new(&[]);
    let id = bench.connect();
    let effects = bench.send(id, &heartbeat());
    assert_eq!(errors(&effects), ["auth.not_authenticated"]);
    assert_eq!(bench.violations(), [Kind::NotAuthenticated]);
    // The connection stays.
    assert_eq!(errors(&bench.authenticate(id, 1)), [""; 0]);
}

#[test]
fn second_authentication_is_an_error() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    let effects = bench.authenticate(id, 1);
    assert_eq!(errors(&effects), ["auth.already_authenticated"]);
    assert_eq!(bench.violations(), [Kind::AuthenticatedTwice]);
}

#[test]
fn invalid_signature_closes_with_3000() {
    let mut bench = Bench::new(&[]);
    let id = bench.connect();
    let mut request = AuthenticationRequest::new(&validator(1), &[3; 32]);
    request.public_key = validator(2).public().to_hex();
    let effects = bench.send(id, &ToFacilitator::Authentication(request.clone()));
    assert_eq!(errors(&effects), ["auth.signature_invalid"]);
    assert_eq!(closed(&effects), Some(3000));
    assert_eq!(bench.core.report().connections[0].closed_with, Some(3000));
    // What comes behind is not read.
    assert!(bench.authenticate(id, 1).is_empty());
}

#[test]
fn unknown_validator_closes_with_3001() {
    let mut bench = Bench::with(FacilitatorConfig {
        validators: Some([address(2)].into()),
        ..FacilitatorConfig::default()
    });
    let id = bench.connect();
    let effects = bench.authenticate(id, 1);
    assert_eq!(errors(&effects), ["auth.validator_not_found"]);
    assert_eq!(closed(&effects), Some(3001));
    let known = bench.admit(2);
    let effects = bench.core.set_validators(Some([address(1)].into()));
    assert_eq!(closed(&effects), Some(3001));
    assert!(bench.send(known, &heartbeat()).is_empty());
}

#[test]
fn malformed_frames_get_the_error_of_their_fault() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    let status = r#"{"message_type": "V0JobStatusUpdate", "uuid": "u", "status": "#;
    for (text, expected) in [
        ("{", "json_invalid"),
        ("[1]", "model_type"),
        ("{}", "union_tag_not_found"),
        (r#"{"message_type": "V9"}"#, "union_tag_invalid"),
        (
            r#"{"message_type": "V0Heartbeat", "x": 1}"#,
            "extra_forbidden",
        ),
        (
            r#"{"message_type": "V0JobStatusUpdate", "status": "failed"}"#,
            "missing",
        ),
        (&format!("{status}\"lost\"}}"), "enum"),
        (&format!("{status}7}}"), "string_type"),
        (
            &format!("{status}\"failed\", \"metadata\": 3}}"),
            "model_type",
        ),
    ] {
        let effects = bench.text(id, text);
        assert_eq!(errors(&effects), [expected], "{text}");
        assert_eq!(closed(&effects), None);
    }
    assert_eq!(
        errors(&bench.core.receive_binary(id, bench.now_us)),
        ["json_invalid"]
    );
    let kinds = bench.violations();
    assert_eq!(kinds.len(), 10);
    assert_eq!((kinds[0], kinds[9]), (Kind::Malformed, Kind::BinaryFrame));
}

#[test]
fn frame_above_1_mib_closes_with_1009() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    let effects = bench.text(id, &" ".repeat((1 << 20) + 1));
    assert_eq!(closed(&effects), Some(1009));
    assert_eq!(bench.violations(), [Kind::FrameTooLarge]);
}

#[test]
fn machine_specs_get_no_answer() {
    let mut bench = Bench::new(&[]);
    let id = bench.admit(1);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde");
    let examples = folder.join("fv.V0MachineSpecsUpdate.examples.json");
    let examples = std::fs::read_to_string(examples).unwrap();
    let examples: Vec<serde_json::Value> = serde_json::from_str(&examples).unwrap();
    for example in examples {
        assert!(bench.text(id, &example.to_string()).is_empty());
    }
    assert!(bench.violations().is_empty());
}
