//! What an answer of S3 or IAM that is not the wanted one means, and what to do.

use horde_events::quote;
use horde_s3::{BUCKET_REGION_HEADER, Complaint};

use crate::http::{Answer, HttpError};

/// Why a server has refused something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Reason {
    /// No such bucket.
    NoBucket,
    /// The server does not know the access key.
    UnknownKey,
    /// The secret does not belong to the access key.
    WrongSecret,
    /// The session token is invalid or too old.
    Token,
    /// The clocks differ too much.
    Clock,
    /// Another region, if the server says which.
    Region(Option<String>),
    /// The service wants the bucket's name in the host.
    PathStyle,
    /// The key has no right to do it.
    Denied,
    /// The server has no such function.
    Missing,
    /// The server cannot do it now.
    Busy(u16),
    /// There is no answer.
    NoAnswer(HttpError),
    /// Anything else: the status, and what the server says.
    Other(u16, String),
}

impl Reason {
    /// Reads an answer that is not a success.
    pub(crate) fn of(answer: &Answer) -> Self {
        let complaint = Complaint::read(answer.header(BUCKET_REGION_HEADER), &answer.body);
        let message = &complaint.message;
        let region = || region(&complaint);
        match (complaint.code.as_str(), answer.status) {
            ("NoSuchBucket", _) => Self::NoBucket,
            ("InvalidAccessKeyId" | "InvalidClientTokenId" | "NotSignedUp", _) => Self::UnknownKey,
            ("SignatureDoesNotMatch", _) => Self::WrongSecret,
            ("ExpiredToken" | "InvalidToken", _) => Self::Token,
            ("RequestTimeTooSkewed" | "RequestExpired", _) => Self::Clock,
            ("AccessDenied", _) if is_of_time(message) => Self::Clock,
            (
                "PermanentRedirect"
                | "TemporaryRedirect"
                | "IllegalLocationConstraintException"
                | "InvalidLocationConstraint",
                _,
            )
            | (_, 301 | 307) => Self::Region(region()),
            ("AuthorizationHeaderMalformed" | "AuthorizationQueryParametersError", _)
                if region().is_some() =>
            {
                Self::Region(region())
            }
            ("SecondLevelDomainForbidden" | "VirtualHostDomainRequired", _) => Self::PathStyle,
            // The answer to HEAD has no code.
            ("AccessDenied" | "AllAccessDisabled" | "UnauthorizedOperation", _)
            | ("", 401 | 403) => Self::Denied,
            ("NotImplemented" | "MethodNotAllowed", _) | (_, 405 | 501) => Self::Missing,
            (_, status @ (429 | 500 | 502 | 503 | 504)) => Self::Busy(status),
            (_, status) => Self::Other(status, said(&complaint, &answer.text())),
        }
    }

    /// In words.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::NoBucket => "the bucket is not there".to_owned(),
            Self::UnknownKey => "the server does not know the access key".to_owned(),
            Self::WrongSecret => "the secret is not the one of the access key".to_owned(),
            Self::Token => "the session token is invalid or has expired".to_owned(),
            Self::Clock => {
                "the server finds the time of the request wrong: the clocks differ".to_owned()
            }
            Self::Region(Some(region)) => format!("the bucket is in region {}", quote(region)),
            Self::Region(None) => "the bucket is in another region".to_owned(),
            Self::PathStyle => "the service takes no path-style URLs".to_owned(),
            Self::Denied => "the access key has no right to do it".to_owned(),
            Self::Missing => "the server has no such function".to_owned(),
            Self::Busy(status) => format!("the server cannot do it now (status {status})"),
            Self::NoAnswer(error) => error.to_string(),
            Self::Other(status, said) if said.is_empty() => {
                format!("the server answers with status {status}")
            }
            Self::Other(status, said) => {
                format!("the server answers with status {status}: {said}")
            }
        }
    }

    /// What to do, if it is the same whatever was tried.
    pub(crate) fn remedy(&self) -> Option<String> {
        let remedy = match self {
            Self::NoBucket => {
                "make it with `compute-horde provision-s3 PROMPTS ANSWERS`, or correct its name in S3_BUCKET_NAME_PROMPTS or S3_BUCKET_NAME_ANSWERS"
            }
            Self::UnknownKey => {
                "correct AWS_ACCESS_KEY_ID: it was deleted, or belongs to another service than AWS_ENDPOINT_URL names"
            }
            Self::WrongSecret => {
                "copy AWS_SECRET_ACCESS_KEY again, with quotes if it holds `#`, and take both from the same key"
            }
            Self::Token => "get a new AWS_SESSION_TOKEN, or remove it if the key needs none",
            Self::Clock => "set the clock of this machine (`timedatectl set-ntp true`)",
            Self::Region(Some(region)) if is_region(region) => {
                return Some(format!(
                    "set AWS_DEFAULT_REGION={region}, or give --region {region}"
                ));
            }
            Self::Region(_) => "set AWS_DEFAULT_REGION to the bucket's region",
            Self::PathStyle => {
                "use another service: the URLs of miners have the bucket's name in their path"
            }
            Self::Busy(_) => "try again in some minutes",
            Self::Denied | Self::Missing | Self::NoAnswer(_) | Self::Other(..) => return None,
        };
        Some(remedy.to_owned())
    }
}

/// A name that can stand in a sentence as it is.
fn is_region(text: &str) -> bool {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.len() <= 32 && text.chars().all(is_legal)
}

fn is_of_time(message: &str) -> bool {
    ["Request has expired", "Request is not yet valid"]
        .iter()
        .any(|text| message.contains(text))
}

/// By header, by element, or within the message: `expecting 'eu-central-1'`.
fn region(complaint: &Complaint) -> Option<String> {
    let expecting = || {
        let (_, rest) = complaint.message.split_once("expecting '")?;
        rest.split_once('\'').map(|(region, _)| region.to_owned())
    };
    let region = complaint.region.clone().or_else(expecting);
    region.filter(|region| is_region(region))
}

/// What the server says, in one line; a body that is not S3's is cut.
fn said(complaint: &Complaint, body: &str) -> String {
    let Complaint { code, message, .. } = complaint;
    match (code.is_empty(), body.trim()) {
        (false, _) if message.is_empty() => quote(code),
        (false, _) => format!("{}, {}", quote(code), quote(message)),
        (true, "") => String::new(),
        (true, body) => quote(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(status: u16, headers: &[(&str, &str)], body: &str) -> Reason {
        Reason::of(&Answer::new(status, headers, body))
    }

    fn error(status: u16, code: &str, message: &str) -> Reason {
        let body = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
        reason(status, &[], &body)
    }

    #[test]
    fn codes_have_their_reasons() {
        let cases = [
            (404, "NoSuchBucket", Reason::NoBucket),
            (403, "InvalidAccessKeyId", Reason::UnknownKey),
            (403, "NotSignedUp", Reason::UnknownKey),
            (403, "SignatureDoesNotMatch", Reason::WrongSecret),
            (400, "ExpiredToken", Reason::Token),
            (403, "RequestTimeTooSkewed", Reason::Clock),
            (403, "AccessDenied", Reason::Denied),
            (403, "SecondLevelDomainForbidden", Reason::PathStyle),
            (501, "NotImplemented", Reason::Missing),
            (503, "SlowDown", Reason::Busy(503)),
        ];
        for (status, code, expected) in cases {
            assert_eq!(error(status, code, ""), expected);
            assert!(!expected.text().is_empty());
        }
        assert_eq!(reason(403, &[], ""), Reason::Denied);
        assert!(matches!(error(403, "Odd", ""), Reason::Other(403, _)));
        assert_eq!(
            error(403, "AccessDenied", "Request has expired"),
            Reason::Clock
        );
    }

    #[test]
    fn region_is_found_wherever_it_stands() {
        let expected = Reason::Region(Some("eu-central-1".to_owned()));
        let header = [("x-amz-bucket-region", "eu-central-1")];
        assert_eq!(reason(301, &header, ""), expected);
        let message = "the region 'us-east-1' is wrong; expecting 'eu-central-1'";
        assert_eq!(
            error(400, "AuthorizationHeaderMalformed", message),
            expected
        );
        let body = "<Error><Code>AuthorizationQueryParametersError</Code><Region>eu-central-1</Region></Error>";
        assert_eq!(reason(400, &[], body), expected);
        assert_eq!(reason(301, &[], ""), Reason::Region(None));
        let remedy = expected.remedy().unwrap();
        assert!(
            remedy.contains("AWS_DEFAULT_REGION=eu-central-1"),
            "{remedy}"
        );
    }

    #[test]
    fn answer_of_something_else_is_quoted() {
        let page = format!("<html>\u{1b}[2J{}</html>", "x".repeat(1000));
        let text = reason(418, &[], &page).text();
        assert!(text.contains("status 418"), "{text}");
        assert!(!text.contains('\u{1b}') && text.len() < 200, "{text}");
        let odd = [("x-amz-bucket-region", "x\u{7f}; rm")];
        assert_eq!(reason(301, &odd, ""), Reason::Region(None));
    }
}
