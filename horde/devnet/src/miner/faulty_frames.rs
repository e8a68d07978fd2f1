//! Frames that are not as the protocol has them.

use horde_proto::miner::{GenericError, ToValidator};

use super::effect::Frame;

/// What the frames of a flood say, and what an unknown message is called.
const UNKNOWN_TYPE: &str = "V9UnknownRequest";

/// The end of the standard output in a frame, and what follows it.
const STDERR_FIELD: &str = "\",\"docker_process_stderr\":";
/// Characters that JSON can carry and few expect, as JSON writes them. The last two are halves of pairs in the wrong order.
const ODD_TAIL: &str = "\\u0000\\u0007\\u001b[31m\\u0085\\u2028\\udc00\\ud800";

/// A fault in words.
pub(super) fn generic_error(details: &str) -> ToValidator {
    ToValidator::GenericError(GenericError {
        details: Some(details.to_owned()),
    })
}

/// A text that is not JSON.
pub(super) fn not_json() -> Frame {
    Frame::Text("{\"message_type\": \"V0AcceptJobRequest\", ".to_owned())
}

/// A JSON object that does not say which message it is.
pub(super) fn no_message_type() -> Frame {
    Frame::Text("{\"details\":\"a frame without a type\"}".to_owned())
}

/// A message of a type that nobody knows.
pub(super) fn unknown_message() -> Frame {
    Frame::Text(format!("{{\"message_type\":\"{UNKNOWN_TYPE}\"}}"))
}

/// A GenericError of so many mebibytes and some bytes.
pub(super) fn huge(mebibytes: u32) -> Frame {
    let details = "x".repeat((mebibytes as usize) << 20);
    Frame::Text(generic_error(&details).to_text())
}

/// The frame of a finished job, with NUL, control characters and halves of surrogate pairs at the end of its standard output.
pub(super) fn with_odd_stdout(frame: &str) -> String {
    let tail = ODD_TAIL;
    match frame.rsplit_once(STDERR_FIELD) {
        Some((head, rest)) => format!("{head}{tail}{STDERR_FIELD}{rest}"),
        None => frame.to_owned(),
    }
}
