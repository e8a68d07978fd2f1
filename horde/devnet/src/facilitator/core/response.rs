//! Answers to validators.

use horde_proto::facilitator::{Response, ResponseError, ResponseStatus};
use horde_proto::{MessageError, Reason};
use serde_json::{Map, Value, json};

pub(super) fn success() -> Response {
    Response {
        status: ResponseStatus::Success,
        errors: Vec::new(),
    }
}

pub(super) fn not_authenticated() -> Response {
    error(
        ResponseError::NOT_AUTHENTICATED,
        "Not authenticated",
        "Send V0AuthenticationRequest as the first frame",
    )
}

pub(super) fn already_authenticated() -> Response {
    error(
        ResponseError::ALREADY_AUTHENTICATED,
        "Already authenticated",
        "Authenticate once on each connection",
    )
}

pub(super) fn validator_not_found() -> Response {
    error(
        ResponseError::VALIDATOR_NOT_FOUND,
        "Validator not found",
        "The validator is not one of the active validators",
    )
}

pub(super) fn signature_invalid() -> Response {
    error(
        ResponseError::SIGNATURE_INVALID,
        "Invalid signature",
        "The signature provided does not match the public key",
    )
}

pub(super) fn job_not_found() -> Response {
    error(ResponseError::JOB_NOT_FOUND, "Job not found", "")
}

pub(super) fn integrity_error() -> Response {
    error(
        ResponseError::INTEGRITY_ERROR,
        "The job has this status already",
        "",
    )
}

pub(super) fn binary() -> Response {
    error("json_invalid", "Invalid JSON: the frame is binary", "")
}

/// The errors that the reference's library has for the faults of a frame.
pub(super) fn malformed(fault: &MessageError) -> Response {
    let (kind, place) = match fault {
        MessageError::Json(_) => ("json_invalid", None),
        MessageError::NotObject { .. } => ("model_type", None),
        MessageError::NoType => ("union_tag_not_found", None),
        MessageError::UnknownType { .. } => ("union_tag_invalid", None),
        MessageError::Field { fault, .. } => (reason_kind(&fault.reason), Some(&fault.path)),
    };
    let mut response = error(kind, &tig_process::error_chain::error_chain(fault), "");
    let place: Vec<&String> = place.into_iter().collect();
    for error in &mut response.errors {
        error.extra.insert("loc".to_owned(), json!(place));
    }
    response
}

fn reason_kind(reason: &Reason) -> &'static str {
    match reason {
        Reason::Missing => "missing",
        Reason::UnknownField => "extra_forbidden",
        Reason::Type { expected, .. } => match *expected {
            "a string" => "string_type",
            "an object" => "model_type",
            "a list" => "list_type",
            "a boolean" => "bool_type",
            _ => "int_type",
        },
        Reason::NotListed { .. } => "enum",
        Reason::OutOfRange { .. } => "int_type",
        Reason::NotTime { .. } => "datetime_parsing",
        Reason::Rule(_) => "value_error",
    }
}

fn error(kind: &str, msg: &str, help: &str) -> Response {
    Response {
        status: ResponseStatus::Error,
        errors: vec![ResponseError {
            msg: msg.to_owned(),
            kind: kind.to_owned(),
            help: help.to_owned(),
            extra: Map::<String, Value>::new(),
        }],
    }
}
