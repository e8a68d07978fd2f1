//! Validator and facilitator (section 2.6). The validator is the client; unknown fields are rejected, unless the receiver asks
//! for tolerance.

mod auth;
mod job_request;
mod job_signature;
mod machine_specs;
mod response;
mod signature;
mod status;

pub use auth::{AuthenticationRequest, Heartbeat};
pub use job_request::{JobRequest, OrganicJob, V0JobRequest, V1JobRequest, V2JobRequest};
pub use job_signature::JobSignature;
pub use machine_specs::MachineSpecsUpdate;
pub use response::{Response, ResponseError, ResponseStatus};
pub use signature::{JobSignatureError, SIGNATURE_TYPE};
pub use status::{JobStatus, JobStatusMetadata, JobStatusUpdate, MinerResponse};

use serde_json::{Map, Value};

use crate::error::{FieldError, MessageError, Reason, join_path, name_for_path};
use crate::json::object::{Listed, wire_union};
use crate::json::{
    FromJson, MESSAGE_TYPE, ToJson, message_type, parse_frame, parse_message, parse_text_field,
};

/// Bytes of a frame that a facilitator takes; it closes the connection at a longer one.
pub const FACILITATOR_FRAME_BYTES_MAX: usize = 1 << 20;

/// Names of unknown fields that are kept of one frame.
pub const DROPPED_NAMES_MAX: usize = 16;

/// The path of a facilitator's socket.
pub const SOCKET_PATH: &str = "/ws/v0/";

/// The header in which a validator states its version when it connects.
pub const VERSION_HEADER: &str = "X-Validator-Version";

/// The header in which a validator states the version of what runs it.
pub const RUNNER_VERSION_HEADER: &str = "X-Validator-Runner-Version";

wire_union! {
    /// A message from a validator to a facilitator.
    pub enum ToFacilitator by "message_type" {
        /// The first frame of every connection.
        Authentication(AuthenticationRequest),
        /// The validator is alive; every 60 s.
        Heartbeat(Heartbeat),
        /// The progress of a job.
        JobStatusUpdate(JobStatusUpdate),
        /// The machine of an executor; declared by the reference and never sent.
        MachineSpecsUpdate(MachineSpecsUpdate),
    }
}

/// A message from a facilitator to a validator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToValidator {
    /// The answer to a message; the only frame without a `message_type`.
    Response(Response),
    /// A job to run.
    JobRequest(Box<JobRequest>),
}

/// A message of a facilitator that may be newer than this crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tolerated {
    /// The message without the fields that this crate does not know.
    pub message: ToValidator,
    /// The names of those fields, for a log: the first [`DROPPED_NAMES_MAX`].
    pub dropped: Vec<String>,
}

impl ToFacilitator {
    /// Reads a frame.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the frame is not a message to a facilitator.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        parse_message(text, Self::TAGS, Self::from_object)
    }

    /// The frame.
    pub fn to_text(&self) -> String {
        self.to_json().to_string()
    }
}

impl ToValidator {
    /// Reads a frame by the schemas: an unknown field is an error, as it is for the reference.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the frame is not a message to a validator.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        let frame = parse_frame(text)?;
        match kind(&frame)? {
            Kind::Response => read_response(frame),
            Kind::JobRequest(tag) => read_job_request(tag, frame),
        }
    }

    /// Reads a frame as [`ToValidator::parse`] does, but for unknown fields (section 10.10): a newer facilitator may send some,
    /// and to refuse its jobs would lose them. Inside the parts that a job's signature covers an unknown field is an error, since the
    /// signature may cover it, too.
    ///
    /// # Errors
    ///
    /// [`MessageError`] if the frame is not a message to a validator.
    pub fn parse_tolerant(text: &str) -> Result<Tolerated, MessageError> {
        let mut frame = parse_frame(text)?;
        let kind = kind(&frame)?;
        let known = match kind {
            Kind::Response => Response::FIELDS,
            Kind::JobRequest(tag) => JobRequest::fields(tag),
        };
        let mut dropped = Vec::new();
        frame.retain(|name, _| {
            let is_known = known.contains(&name.as_str());
            if !is_known && dropped.len() < DROPPED_NAMES_MAX {
                dropped.push(name_for_path(name));
            }
            is_known
        });
        let message = match kind {
            Kind::Response => read_response(frame)?,
            Kind::JobRequest(tag) => read_signed_job_request(tag, frame)?,
        };
        Ok(Tolerated { message, dropped })
    }

    /// The job that a frame names, whether or not the frame is a message: a request that cannot be read can be answered so.
    pub fn job_of(text: &str) -> Option<String> {
        parse_text_field(text, "uuid")
    }

    /// The frame.
    pub fn to_text(&self) -> String {
        match self {
            Self::Response(response) => response.to_json().to_string(),
            Self::JobRequest(request) => request.to_json().to_string(),
        }
    }
}

impl From<Response> for ToValidator {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

impl From<JobRequest> for ToValidator {
    fn from(request: JobRequest) -> Self {
        Self::JobRequest(Box::new(request))
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Response,
    JobRequest(&'static str),
}

/// Whether a frame is an answer or a job.
fn kind(frame: &Map<String, Value>) -> Result<Kind, MessageError> {
    if !frame.contains_key(MESSAGE_TYPE) && frame.contains_key("status") {
        return Ok(Kind::Response);
    }
    message_type(frame, JobRequest::TAGS).map(Kind::JobRequest)
}

fn read_response(frame: Map<String, Value>) -> Result<ToValidator, MessageError> {
    Response::from_json(Value::Object(frame))
        .map(ToValidator::from)
        .map_err(|fault| MessageError::Field {
            message: "Response",
            fault,
        })
}

fn read_job_request(
    message: &'static str,
    frame: Map<String, Value>,
) -> Result<ToValidator, MessageError> {
    JobRequest::from_object(message, frame)
        .map(ToValidator::from)
        .map_err(|fault| MessageError::Field { message, fault })
}

/// As [`read_job_request`], with nothing dropped inside of what a signature covers.
fn read_signed_job_request(
    message: &'static str,
    frame: Map<String, Value>,
) -> Result<ToValidator, MessageError> {
    let is_signed = frame.get("signature").is_some_and(Value::is_object);
    let sent = is_signed.then(|| Value::Object(frame.clone()));
    let read = read_job_request(message, frame)?;
    if let (Some(sent), ToValidator::JobRequest(request)) = (sent, &read)
        && let Some(path) = unknown_field(&sent, &request.to_json())
    {
        let fault = FieldError::of(&path, Reason::UnknownField);
        return Err(MessageError::Field { message, fault });
    }
    Ok(read)
}

/// The path of the first field that was sent and is not read.
fn unknown_field(sent: &Value, read: &Value) -> Option<String> {
    match (sent, read) {
        (Value::Object(sent), Value::Object(read)) => {
            sent.iter().find_map(|(name, value)| match read.get(name) {
                None => Some(name_for_path(name)),
                Some(known) => {
                    let path = unknown_field(value, known)?;
                    Some(join_path(&name_for_path(name), &path))
                }
            })
        }
        (Value::Array(sent), Value::Array(read)) => {
            let mut items = sent.iter().zip(read).enumerate();
            items.find_map(|(index, (sent, read))| {
                let path = unknown_field(sent, read)?;
                Some(join_path(&format!("[{index}]"), &path))
            })
        }
        _ => None,
    }
}
