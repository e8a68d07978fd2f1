//! The data in `vectors/horde/`, and its readers.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use horde_proto::receipt::{
    JobAcceptedReceiptPayload, JobFinishedReceiptPayload, JobStartedReceiptPayload, Receipt,
};
use horde_proto::{FieldError, MessageError, executor, facilitator, miner};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads a text and writes it again.
pub(crate) type Rewrite = fn(&str) -> Result<String, String>;

/// Each kind of data with its reader.
pub(crate) const KINDS: [(&str, Rewrite); 37] = [
    ("mv.V0AuthenticateRequest", to_miner),
    ("mv.V0InitialJobRequest", to_miner),
    ("mv.V0JobRequest", to_miner),
    ("mv.V0JobAcceptedReceiptRequest", to_miner),
    ("mv.V0JobFinishedReceiptRequest", to_miner),
    ("mv.v2m.V0MachineSpecsRequest", to_miner),
    ("mv.v2m.GenericError", to_miner),
    ("mv.V0ExecutorManifestRequest", from_miner),
    ("mv.V0AcceptJobRequest", from_miner),
    ("mv.V0DeclineJobRequest", from_miner),
    ("mv.V0ExecutorReadyRequest", from_miner),
    ("mv.V0ExecutorFailedRequest", from_miner),
    ("mv.V0JobFailedRequest", from_miner),
    ("mv.V0JobFinishedRequest", from_miner),
    ("mv.V0MachineSpecsRequest", from_miner),
    ("mv.GenericError", from_miner),
    ("mv.UnauthorizedError", from_miner),
    ("fv.V0AuthenticationRequest", to_facilitator),
    ("fv.V0Heartbeat", to_facilitator),
    ("fv.JobStatusUpdate", to_facilitator),
    ("fv.V0MachineSpecsUpdate", to_facilitator),
    ("fv.Response", from_facilitator),
    ("fv.V0JobRequest", from_facilitator),
    ("fv.V1JobRequest", from_facilitator),
    ("fv.V2JobRequest", from_facilitator),
    ("em.V0InitialJobRequest", to_executor),
    ("em.V0JobRequest", to_executor),
    ("em.V0ReadyRequest", from_executor),
    ("em.V0FailedToPrepare", from_executor),
    ("em.V0FinishedRequest", from_executor),
    ("em.V0FailedRequest", from_executor),
    ("em.V0MachineSpecsRequest", from_executor),
    ("em.GenericError", from_executor),
    ("receipts.Receipt", part::<Receipt>),
    (
        "receipts.JobStartedReceiptPayload",
        part::<JobStartedReceiptPayload>,
    ),
    (
        "receipts.JobAcceptedReceiptPayload",
        part::<JobAcceptedReceiptPayload>,
    ),
    (
        "receipts.JobFinishedReceiptPayload",
        part::<JobFinishedReceiptPayload>,
    ),
];

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/horde")
}

pub(crate) fn read(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read_json(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

/// The examples of a kind.
pub(crate) fn examples(kind: &str) -> Vec<Value> {
    match read_json(&format!("{kind}.examples.json")) {
        Value::Array(examples) => examples,
        other => panic!("{kind}: {other}"),
    }
}

pub(crate) fn to_miner(text: &str) -> Result<String, String> {
    shown(miner::ToMiner::parse(text).map(|message| message.to_text()))
}

pub(crate) fn from_miner(text: &str) -> Result<String, String> {
    shown(miner::ToValidator::parse(text).map(|message| message.to_text()))
}

pub(crate) fn to_facilitator(text: &str) -> Result<String, String> {
    shown(facilitator::ToFacilitator::parse(text).map(|message| message.to_text()))
}

pub(crate) fn from_facilitator(text: &str) -> Result<String, String> {
    shown(facilitator::ToValidator::parse(text).map(|message| message.to_text()))
}

pub(crate) fn to_executor(text: &str) -> Result<String, String> {
    shown(executor::ToExecutor::parse(text).map(|message| message.to_text()))
}

pub(crate) fn from_executor(text: &str) -> Result<String, String> {
    shown(executor::ToMiner::parse(text).map(|message| message.to_text()))
}

/// Parts of messages are read and written by serde.
pub(crate) fn part<T: DeserializeOwned + Serialize>(text: &str) -> Result<String, String> {
    let read: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
    serde_json::to_string(&read).map_err(|error| error.to_string())
}

fn shown(read: Result<String, MessageError>) -> Result<String, String> {
    read.map_err(|error| with_causes(&error))
}

/// An error with its causes, on one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// The fault in a message.
pub(crate) fn fault<T: fmt::Debug>(read: Result<T, MessageError>) -> FieldError {
    match read {
        Err(MessageError::Field { fault, .. }) => fault,
        other => panic!("not a fault of a field: {other:?}"),
    }
}
