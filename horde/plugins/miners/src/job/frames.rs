//! The frames of a job kind: checked lightly when they are made, and completed by the receipt when they are sent.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// `message_type` of a reservation.
const RESERVATION: &str = "V0InitialJobRequest";
/// `message_type` of a request to run.
const REQUEST: &str = "V0JobRequest";

/// Why a job kind's frame cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameFault {
    /// It is not an object with a uuid and a type.
    #[error("the frame is not an object with `message_type` and `job_uuid`")]
    Shape(#[source] serde_json::Error),
    /// It is another message.
    #[error("the frame is not a {expected}")]
    Type {
        /// What it should be.
        expected: &'static str,
    },
    /// It is of another job.
    #[error("the frame has the uuid of another job")]
    Uuid,
    /// It has a receipt.
    #[error("the reservation has a receipt, which is not the job kind's to sign")]
    Receipt,
}

/// What is looked at. The rest is the job kind's affair.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    message_type: Cow<'a, str>,
    #[serde(borrow)]
    job_uuid: Cow<'a, str>,
    #[serde(default)]
    job_started_receipt_payload: Option<IgnoredAny>,
    #[serde(default)]
    job_started_receipt_signature: Option<IgnoredAny>,
}

/// Checks both frames of a job.
pub(crate) fn check_frames(
    uuid: &str,
    reservation: &RawValue,
    request: &RawValue,
) -> Result<(), FrameFault> {
    let head = check_frame(uuid, reservation.get(), RESERVATION)?;
    if head.job_started_receipt_payload.is_some() || head.job_started_receipt_signature.is_some() {
        return Err(FrameFault::Receipt);
    }
    check_frame(uuid, request.get(), REQUEST)?;
    Ok(())
}

fn check_frame<'a>(
    uuid: &str,
    frame: &'a str,
    expected: &'static str,
) -> Result<Head<'a>, FrameFault> {
    let head: Head<'_> = serde_json::from_str(frame).map_err(FrameFault::Shape)?;
    if head.message_type != expected {
        return Err(FrameFault::Type { expected });
    }
    if head.job_uuid != uuid {
        return Err(FrameFault::Uuid);
    }
    Ok(head)
}

/// A checked reservation, completed by its receipt.
pub(crate) fn add_receipt(reservation: &str, payload: &str, signature: &str) -> String {
    let trimmed = reservation.trim_end();
    let open = trimmed.strip_suffix('}').unwrap_or(trimmed);
    let mut frame = String::with_capacity(open.len() + payload.len() + signature.len() + 80);
    frame.push_str(open);
    frame.push_str(",\"job_started_receipt_payload\":");
    frame.push_str(payload);
    frame.push_str(",\"job_started_receipt_signature\":\"");
    frame.push_str(signature);
    frame.push_str("\"}");
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn fault(reservation: &str, request: &str) -> String {
        let checked = check_frames("u", &raw(reservation), &raw(request));
        checked.unwrap_err().to_string()
    }

    #[test]
    fn frames_of_the_job_are_taken() {
        let reservation = raw(r#" {"job_uuid":"u","message_type":"V0InitialJobRequest","x":[1]} "#);
        let request = raw(r#"{"message_type":"V0JobRequest","job_uuid":"u"}"#);
        check_frames("u", &reservation, &request).unwrap();
    }

    #[test]
    fn frame_that_cannot_be_sent_is_named() {
        let good = r#"{"job_uuid":"u","message_type":"V0InitialJobRequest"}"#;
        for (reservation, request, expected) in [
            ("[]", "{}", "the frame is not an object"),
            ("1", "{}", "the frame is not an object"),
            (good, good, "the frame is not a V0JobRequest"),
            (
                r#"{"job_uuid":"v","message_type":"V0InitialJobRequest"}"#,
                good,
                "the frame has the uuid of another job",
            ),
            (
                r#"{"job_uuid":"u","message_type":"V0InitialJobRequest","job_started_receipt_signature":"0x"}"#,
                good,
                "the reservation has a receipt",
            ),
        ] {
            let text = fault(reservation, request);
            assert!(text.starts_with(expected), "{text}");
        }
    }

    #[test]
    fn receipt_comes_last() {
        let frame = add_receipt("{\"a\":1} ", "{\"b\":2}", "0x00");
        assert_eq!(
            frame,
            r#"{"a":1,"job_started_receipt_payload":{"b":2},"job_started_receipt_signature":"0x00"}"#
        );
    }
}
