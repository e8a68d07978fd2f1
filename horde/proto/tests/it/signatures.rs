//! Signatures of the Python programs are verified, and no others.

use horde_proto::collector::CollectorPayload;
use horde_proto::facilitator::{
    AuthenticationRequest, JobRequest, JobSignatureError, ToFacilitator, ToValidator, V2JobRequest,
};
use horde_proto::miner::{AuthenticateRequest, AuthenticationPayload, ToMiner};
use horde_proto::receipt::{Receipt, ReceiptError, ReceiptPayload};
use horde_proto::{Payload, SignatureError};
use serde_json::{Value, json};
use tig_keyring::{Keypair, PublicKey, Signature, VerifyError};

use crate::traces::{RECORDINGS, frames};
use crate::vectors::{examples, read_json};

const RANDOMNESS: [u8; 32] = [7; 32];
const MINER: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";

fn of_kind(part: &str) -> Vec<Value> {
    let vectors = read_json("vectors.json")["vectors"].take();
    let Value::Array(vectors) = vectors else {
        panic!("{vectors}");
    };
    let is_of_kind = |vector: &Value| vector["kind"].as_str().unwrap().contains(part);
    vectors.into_iter().filter(is_of_kind).collect()
}

fn keypair(byte: u8) -> Keypair {
    Keypair::from_seed(&[byte; 32])
}

fn signed_requests() -> Vec<V2JobRequest> {
    let requests = examples("fv.V2JobRequest").into_iter();
    requests.map(|example| v2(&example)).collect()
}

fn v2(frame: &Value) -> V2JobRequest {
    match ToValidator::parse(&frame.to_string()).unwrap() {
        ToValidator::JobRequest(request) => match *request {
            JobRequest::V2(request) => request,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn blobs_and_signatures_of_receipts_are_the_reference() {
    let vectors = of_kind("ReceiptPayload blob");
    assert_eq!(vectors.len(), 9);
    for vector in vectors {
        let wire = vector["wire"].as_str().unwrap();
        let payload: ReceiptPayload = serde_json::from_str(wire).unwrap();
        assert_eq!(payload.to_blob(), vector["text"]);
        let (signer, signature) = (&vector["signer"], &vector["signature_hex"]);
        let signature = format!("0x{}", signature.as_str().unwrap());
        payload
            .verify(&signature, signer.as_str().unwrap())
            .unwrap();
    }
}

#[test]
fn authentication_at_a_miner_is_the_reference() {
    let vector = &of_kind("V0AuthenticateRequest")[0];
    let requests = examples("mv.V0AuthenticateRequest").into_iter();
    let requests = requests.map(|example| match ToMiner::parse(&example.to_string()) {
        Ok(ToMiner::Authenticate(request)) => request,
        other => panic!("{other:?}"),
    });
    let requests: Vec<AuthenticateRequest> = requests.collect();
    assert_eq!(requests[0].payload.to_blob(), vector["text"]);
    for mut request in requests {
        request.verify().unwrap();
        request.payload.timestamp += 1;
        let error = request.verify().unwrap_err();
        assert_eq!(error, SignatureError::Verify(VerifyError::Mismatch));
    }
}

#[test]
fn authentication_at_the_collector_is_the_reference() {
    let vector = &of_kind("stats_collector")[0];
    let payload = CollectorPayload {
        signing_timestamp: 1_732_806_192,
        validator_ss58_address: keypair(0xbb).public().to_ss58(),
    };
    assert_eq!(payload.to_blob(), vector["text"]);
    let signature = vector["signature_hex"].as_str().unwrap();
    let signer = &payload.validator_ss58_address;
    assert_eq!(payload.verify(signature, signer), Ok(()));
}

#[test]
fn authentication_at_a_facilitator_is_the_reference() {
    for example in examples("fv.V0AuthenticationRequest") {
        let request: AuthenticationRequest = serde_json::from_value(example).unwrap();
        let public_key = request.verify().unwrap();
        assert_eq!(public_key.to_hex(), request.public_key);
    }
    let vector = &of_kind("fv.V0AuthenticationRequest")[0];
    let request = AuthenticationRequest {
        public_key: vector["message_hex"].as_str().unwrap().to_owned(),
        signature: vector["signature_hex"].as_str().unwrap().into(),
    };
    let signer = request.verify().unwrap();
    assert_eq!(signer.to_ss58(), vector["signer"]);
}

#[test]
fn what_we_sign_is_verified() {
    let request = AuthenticationRequest::new(&keypair(0xbb), &RANDOMNESS);
    assert_eq!(request.verify().unwrap(), keypair(0xbb).public());
    let payload = AuthenticationPayload {
        validator_hotkey: keypair(0xbb).public().to_ss58(),
        miner_hotkey: String::new(),
        timestamp: 0,
    };
    let request = AuthenticateRequest::new(payload, &keypair(0xbb), &RANDOMNESS);
    assert_eq!(request.verify(), Ok(()));
    let mut request = signed_requests().remove(1);
    request.sign(&keypair(0xdd), 5, &RANDOMNESS);
    assert_eq!(request.verify(), Ok(keypair(0xdd).public()));
}

#[test]
fn faults_of_signatures_are_named() {
    let [address, other] = [0xbb, 0xdd].map(|seed| keypair(seed).public().to_ss58());
    let payload = AuthenticationPayload {
        validator_hotkey: address.clone(),
        miner_hotkey: other.clone(),
        timestamp: 0,
    };
    let signature = payload.sign(&keypair(0xbb), &RANDOMNESS);
    assert_eq!(payload.verify(&signature, &address), Ok(()));
    let verify = |signature: &str, signer: &str| payload.verify(signature, signer).unwrap_err();
    assert!(matches!(verify(&signature, ""), SignatureError::Signer(_)));
    assert!(matches!(verify("0x", &address), SignatureError::Text(_)));
    let error = verify(&signature, &other);
    assert_eq!(error, SignatureError::Verify(VerifyError::Mismatch));
    let mut request = AuthenticationRequest::new(&keypair(0xbb), &RANDOMNESS);
    request.public_key.pop();
    let error = request.verify().unwrap_err();
    assert!(matches!(error, SignatureError::Key(_)));
}

#[test]
fn times_are_verified_in_their_canonical_form() {
    let mut vectors = of_kind("JobAcceptedReceiptPayload blob");
    let vector = vectors.swap_remove(1);
    let wire = vector["wire"].as_str().unwrap();
    let signature = vector["signature_hex"].as_str().unwrap();
    let signer = vector["signer"].as_str().unwrap();
    for (time, is_same) in [
        ("2024-11-28 15:03:12.345678+00:00", true),
        ("2024-11-28T15:03:12.3456789Z", true),
        ("2024-11-28T16:03:12.345678+01:00", false),
        ("2024-11-28T15:03:12.345678", false),
        ("2024-11-28T15:03:12.345679Z", false),
    ] {
        let wire = wire.replace("2024-11-28T15:03:12.345678Z", time);
        let payload: ReceiptPayload = serde_json::from_str(&wire).unwrap();
        assert_eq!(payload.verify(signature, signer).is_ok(), is_same, "{time}");
    }
}

#[test]
fn job_requests_are_signed_as_the_reference_does() {
    let vectors = of_kind("V2JobRequest.signature");
    assert_eq!(vectors.len(), 3);
    for (vector, request) in vectors.iter().zip(signed_requests()) {
        let signature = request.signature.as_ref().unwrap();
        let time = signature.timestamp_ns;
        assert_eq!(request.signed_text(), vector["signed_fields_text"]);
        let hex =
            |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        assert_eq!(hex(&request.hash_input(time)), vector["hash_input_hex"]);
        assert_eq!(
            hex(&request.signed_hash(time)),
            vector["message_blake2b_512_hex"]
        );
        let signer = request.verify().unwrap();
        assert_eq!(signer.to_ss58(), vector["signer"]);
        let bytes: Signature = vector["signature_hex"].as_str().unwrap().parse().unwrap();
        signer.verify(&request.signed_hash(time), &bytes).unwrap();
    }
}

#[test]
fn change_of_any_signed_field_is_found() {
    let frame = examples("fv.V2JobRequest").swap_remove(1);
    for (pointer, value) in [
        ("/executor_class", json!("always_on.gpu-24gb")),
        ("/docker_image", json!("python:3.12-slim")),
        ("/raw_script", json!("print(2)")),
        ("/args/2", json!("print(2)")),
        ("/args", json!([])),
        ("/env", json!({"A": "1"})),
        ("/use_gpu", json!(false)),
        ("/volume", Value::Null),
        ("/volume/volumes/0/contents", json!("http://evil/in.zip")),
        ("/volume/volumes/0/relative_path", Value::Null),
        ("/volume/volumes/1/url", json!("http://evil/f")),
        ("/volume/volumes/1/relative_path", json!("c")),
        ("/volume/volumes/2/repo_id", json!("org/other")),
        ("/volume/volumes/2/revision", Value::Null),
        ("/volume/volumes/3/contents", json!("")),
        ("/volume/volumes/3/relative_path", json!("")),
        ("/output_upload", Value::Null),
        ("/output_upload/uploads", json!([])),
        ("/output_upload/uploads/0/url", json!("http://evil/o1")),
        ("/output_upload/uploads/0/relative_path", json!("o3")),
        ("/output_upload/uploads/0/signed_headers", json!({})),
        ("/output_upload/uploads/1/form_fields", json!({"k": "w"})),
        ("/output_upload/uploads/1/form_fields", Value::Null),
        ("/output_upload/uploads/1/signed_headers/X-H", json!("2")),
        (
            "/signature/timestamp_ns",
            json!(1_732_806_192_000_000_000_u64),
        ),
        (
            "/signature/signatory",
            json!("5DiQDBQvjFkmUF3C8a7ape5rpRPoajmMj44Q9CTGPfVBaa6U"),
        ),
    ] {
        let mut changed = frame.clone();
        let place = changed.pointer_mut(pointer).unwrap();
        assert_ne!(*place, value, "{pointer}");
        *place = value;
        let error = v2(&changed).verify().unwrap_err();
        let expected = JobSignatureError::Verify(VerifyError::Mismatch);
        assert_eq!(error, expected, "{pointer}");
    }
}

#[test]
fn fields_beyond_the_signature_can_be_changed() {
    let mut frame = examples("fv.V2JobRequest").swap_remove(1);
    frame["uuid"] = json!("another");
    frame["output_upload"]["system_output"] = Value::Null;
    assert!(v2(&frame).verify().is_ok());
}

#[test]
fn order_of_variables_is_signed() {
    let mut request = signed_requests().remove(0);
    let variable = |name: &str| (name.to_owned(), "1".to_owned());
    request.env = [variable("B"), variable("A")].into_iter().collect();
    request.sign(&keypair(0xff), 1, &RANDOMNESS);
    assert!(request.verify().is_ok());
    request.env.reverse();
    assert!(request.verify().is_err());
}

#[test]
fn characters_above_ascii_are_escaped_in_the_hash() {
    let mut request = signed_requests().remove(0);
    request.raw_script = "\"\u{e9}\u{1f600}\u{7f}\n\0".to_owned();
    let text = request.signed_text();
    assert!(text.contains("\"raw_script\":\"\\\"\u{e9}\u{1f600}\u{7f}\\n\\u0000\""));
    let hashed = String::from_utf8(request.hash_input(0).split_off(8)).unwrap();
    let expected = "\\\"raw_script\\\":\\\"\\\\\\\"\\u00e9\\ud83d\\ude00\u{7f}\\\\n\\\\u0000\\\"";
    assert!(hashed.contains(expected), "{hashed}");
}

#[test]
fn faults_of_job_signatures_are_named() {
    let request = signed_requests().remove(0);
    let with = |edit: fn(&mut V2JobRequest)| {
        let mut request = request.clone();
        edit(&mut request);
        request.verify().unwrap_err()
    };
    fn signature(request: &mut V2JobRequest) -> &mut horde_proto::facilitator::JobSignature {
        request.signature.as_mut().unwrap()
    }
    let error = with(|request| request.signature = None);
    assert_eq!(error, JobSignatureError::Absent);
    let error = with(|request| signature(request).signature_type.clear());
    assert!(matches!(error, JobSignatureError::Type { .. }));
    let error = with(|request| signature(request).signatory.push('x'));
    assert!(matches!(error, JobSignatureError::Signatory(_)));
    let error = with(|request| signature(request).signature.push('x'));
    assert!(matches!(error, JobSignatureError::Base64(_)));
    let error = with(|request| signature(request).signature = "AAAA".to_owned());
    assert_eq!(error, JobSignatureError::Length { found: 3 });
    let error = with(|request| request.use_gpu = false);
    assert!(matches!(error, JobSignatureError::Verify(_)));
}

#[test]
fn signatures_of_wallets_are_taken() {
    let wrapped = |bytes: &[u8]| [b"<Bytes>", bytes, b"</Bytes>"].concat();
    let key = keypair(0xbb);
    let address = key.public().to_ss58();
    let payload = AuthenticationPayload {
        validator_hotkey: address.clone(),
        miner_hotkey: String::new(),
        timestamp: 0,
    };
    let signature = key.sign(&wrapped(payload.to_blob().as_bytes()), &RANDOMNESS);
    assert_eq!(payload.verify(&signature.to_string(), &address), Ok(()));
    assert_eq!(PublicKey::from_ss58(&address).unwrap(), key.public());
}

#[test]
fn receipts_need_both_signatures() {
    for example in examples("receipts.Receipt") {
        let receipt: Receipt = serde_json::from_value(example).unwrap();
        assert_eq!(receipt.verify(MINER), Ok(()));
    }
    let receipt = examples("receipts.Receipt").swap_remove(0);
    let receipt: Receipt = serde_json::from_value(receipt).unwrap();
    let mut swapped = receipt.clone();
    std::mem::swap(
        &mut swapped.miner_signature,
        &mut swapped.validator_signature,
    );
    let mismatch = SignatureError::Verify(VerifyError::Mismatch);
    let expected = ReceiptError::MinerSignature(mismatch.clone());
    assert_eq!(swapped.verify(MINER), Err(expected));
    swapped.miner_signature = receipt.miner_signature.clone();
    swapped.validator_signature = receipt.miner_signature.clone();
    let expected = ReceiptError::ValidatorSignature(mismatch);
    assert_eq!(swapped.verify(MINER), Err(expected));
    let other = receipt.payload.validator_hotkey();
    assert_eq!(receipt.verify(other), Err(ReceiptError::OtherMiner));
}

/// The validator's signatures in its messages to miners.
fn verify_to_miner(message: &ToMiner) -> Option<Result<(), SignatureError>> {
    match message {
        ToMiner::Authenticate(request) => Some(request.verify()),
        ToMiner::InitialJob(request) => {
            let payload = &request.job_started_receipt_payload;
            let signature = &request.job_started_receipt_signature;
            Some(payload.verify(signature, &payload.validator_hotkey))
        }
        ToMiner::JobAcceptedReceipt(request) => {
            let signer = &request.payload.validator_hotkey;
            Some(request.payload.verify(&request.signature, signer))
        }
        ToMiner::JobFinishedReceipt(request) => {
            let signer = &request.payload.validator_hotkey;
            Some(request.payload.verify(&request.signature, signer))
        }
        _ => None,
    }
}

#[test]
fn recorded_signatures_of_validators_are_valid() {
    let mut count = 0;
    for (recording, _, _) in RECORDINGS {
        let frames = frames(recording).into_iter();
        for sent in frames.filter(|sent| sent.by_validator) {
            let text = sent.frame.to_string();
            if let Ok(message) = ToMiner::parse(&text) {
                let verified = verify_to_miner(&message);
                count += usize::from(verified.is_some());
                assert!(verified.is_none_or(|it| it.is_ok()), "{recording}: {text}");
            } else if let ToFacilitator::Authentication(request) =
                ToFacilitator::parse(&text).unwrap()
            {
                request.verify().unwrap();
                count += 1;
            }
        }
    }
    assert_eq!(count, 36);
}

#[test]
fn recorded_job_is_refused_as_the_reference_did() {
    let frames = frames("organic.validator-facilitator").into_iter();
    let requests = frames.filter(|sent| sent.frame["message_type"] == "V2JobRequest");
    let verified = requests.map(|sent| {
        let request = v2(&sent.frame);
        let is_valid = request.verify().is_ok();
        (request.uuid, is_valid)
    });
    let verified: Vec<(String, bool)> = verified.collect();
    // The real validator ran the second one and never said a word of the first.
    let expected = [
        ("692c41aa-8750-4a41-876f-bfc0961fd923", false),
        ("46465f88-a9c8-4b4a-9b1d-34de49760eed", true),
    ];
    assert_eq!(
        verified,
        expected.map(|(uuid, is_valid)| (uuid.to_owned(), is_valid))
    );
}
