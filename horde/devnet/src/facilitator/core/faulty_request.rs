//! Requests as they go over a socket, with the faults that a facilitator gives them.

use horde_proto::facilitator::{JobRequest, ToValidator, V2JobRequest};
use horde_proto::upload::ZipAndHttpPutUpload;
use horde_proto::volume::ZipUrlVolume;
use horde_proto::{ExecutorClass, OutputUpload};
use serde_json::{Map, Value, json};
use tig_keyring::RANDOMNESS_BYTES;

use crate::facilitator::fault::{Fault, Faults, SignedField};
use crate::facilitator::keys::{unknown_user_keypair, user_keypair};
use crate::facilitator::order::JobOrder;
use crate::vice::Seconds;

const NANOS_PER_MICRO: u64 = 1_000;
const MICROS_IN_SECOND: i64 = 1_000_000;

/// A text that is not JSON.
const NO_JSON: &str = "{\"message_type\": \"V1JobRequest\", ";
/// A message that a newer facilitator might send.
const UNKNOWN_MESSAGE: &str = "{\"message_type\": \"V9JobRequest\", \"uuid\": null}";
/// The field that a newer facilitator adds to V2 requests.
const NEWER_FIELD: &str = "artifacts_dir";
/// A text that is not a URL.
const BAD_URL: &str = "ht!tp://[::bad/..";

/// What signs requests.
pub(super) struct Signer {
    pub(super) seed: u64,
    pub(super) now_us: i64,
    pub(super) randomness: [u8; RANDOMNESS_BYTES],
}

impl Signer {
    /// Signs a request without a signature, and spoils the signature as the faults say.
    pub(super) fn sign(&self, request: &mut V2JobRequest, faults: &Faults) {
        let user = user_keypair(self.seed);
        if request.signature.is_none() {
            let is_foreign = faults.has(Fault::UnknownSigner) || faults.has(Fault::Forged);
            let signer = match is_foreign {
                true => unknown_user_keypair(self.seed),
                false => user.clone(),
            };
            request.sign(&signer, self.timestamp_ns(faults), &self.randomness);
        }
        if faults.has(Fault::Unsigned) {
            request.signature = None;
        }
        if faults.has(Fault::Forged)
            && let Some(signature) = &mut request.signature
        {
            signature.signatory = user.public().to_ss58();
        }
        for fault in faults.iter() {
            if let Fault::Tampered(field) = fault {
                tamper(request, field);
            }
        }
    }

    fn timestamp_ns(&self, faults: &Faults) -> u64 {
        let age = faults.find(|fault| match fault {
            Fault::OldSignature(Seconds(seconds)) => Some(seconds),
            _ => None,
        });
        let age_us = age.unwrap_or_default().saturating_mul(MICROS_IN_SECOND);
        let signed_us = self.now_us.saturating_sub(age_us);
        u64::try_from(signed_us).unwrap_or_default() * NANOS_PER_MICRO
    }
}

/// The order as faults change it before it is signed. An order that the user has signed stays as it is.
pub(super) fn changed(mut order: JobOrder, faults: &Faults) -> JobOrder {
    if order.signature.is_some() {
        return order;
    }
    for fault in faults.iter() {
        match fault {
            Fault::BothPrograms => {
                for (field, text) in [
                    (&mut order.docker_image, "python:3.11-slim"),
                    (&mut order.raw_script, "print(1)"),
                ] {
                    if field.is_empty() {
                        text.clone_into(field);
                    }
                }
            }
            Fault::LargeArgs(size) => order.args.push("x".repeat(size.0 as usize * 1_024)),
            Fault::BadVolumeUrl => order.input_url = BAD_URL.into(),
            _ => {}
        }
    }
    order
}

/// Changes a field to another valid value.
fn tamper(request: &mut V2JobRequest, field: SignedField) {
    match field {
        SignedField::ExecutorClass => {
            let mut classes = ExecutorClass::ALL.iter();
            let other = classes.find(|class| **class != request.executor_class);
            request.executor_class = other.copied().unwrap_or_default();
        }
        SignedField::DockerImage => request.docker_image.push_str("tampered"),
        SignedField::RawScript => request.raw_script.push_str("print('tampered')"),
        SignedField::Args => request.args.push("--tampered".to_owned()),
        SignedField::Env => {
            let (name, value) = ("TAMPERED".to_owned(), "1".to_owned());
            request.env.insert(name, value);
        }
        SignedField::UseGpu => request.use_gpu = !request.use_gpu,
        SignedField::Volume => {
            let volume = ZipUrlVolume {
                contents: "http://127.0.0.1:9/tampered.zip".into(),
                relative_path: None,
            };
            request.volume = Some(volume.into());
        }
        SignedField::OutputUpload => {
            let url = "http://127.0.0.1:9/tampered".into();
            let upload = ZipAndHttpPutUpload { url };
            request.output_upload = Some(OutputUpload::ZipAndHttpPut(upload));
        }
    }
}

/// The frames that carry a request.
pub(super) fn frames(request: &JobRequest, faults: &Faults) -> Vec<String> {
    let mut frames = Vec::new();
    if faults.has(Fault::SendsNoJson) {
        frames.push(NO_JSON.to_owned());
    }
    if faults.has(Fault::UnknownType) {
        frames.push(UNKNOWN_MESSAGE.to_owned());
    }
    let text = ToValidator::from(request.clone()).to_text();
    frames.push(match serde_json::from_str(&text) {
        Ok(Value::Object(mut object)) => {
            for fault in faults.iter() {
                spoil(&mut object, fault);
            }
            Value::Object(object).to_string()
        }
        // A request is an object.
        _ => text,
    });
    frames
}

fn spoil(request: &mut Map<String, Value>, fault: Fault) {
    let mut put = |name: &str, value: Value| request.insert(name.to_owned(), value);
    match fault {
        Fault::UnknownFields => {
            put(NEWER_FIELD, json!("/artifacts"));
            put("priority", json!({"level": 1}));
        }
        Fault::MissingField => {
            request.shift_remove("executor_class");
        }
        Fault::WrongEnum => {
            put("executor_class", json!("always_on.abacus"));
        }
        Fault::NoProgram => {
            put("docker_image", json!(""));
            put("raw_script", json!(""));
        }
        _ => {}
    }
}
