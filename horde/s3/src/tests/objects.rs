//! Answers to requests for objects.

use crate::{ObjectAnswer, ObjectFault, ObjectFaultKind};

const NOW: i64 = 1_732_806_192;

fn check(status: u16, code: &str, region: Option<&str>, date: Option<&str>) -> ObjectFault {
    let body = format!("<Error><Code>{code}</Code></Error>");
    let answer = ObjectAnswer {
        status,
        region,
        date,
        body: body.as_bytes(),
    };
    answer.check(NOW).unwrap_err()
}

#[test]
fn missing_object_is_not_a_fault_of_the_service() {
    for (status, code, kind) in [
        (404, "NoSuchKey", ObjectFaultKind::Missing),
        (404, "", ObjectFaultKind::Missing),
        (404, "NoSuchBucket", ObjectFaultKind::Service),
        (403, "AccessDenied", ObjectFaultKind::Denied),
        (403, "", ObjectFaultKind::Denied),
        (403, "InvalidAccessKeyId", ObjectFaultKind::Service),
        (500, "InternalError", ObjectFaultKind::Service),
        (503, "", ObjectFaultKind::Service),
        (400, "ExpiredToken", ObjectFaultKind::Service),
    ] {
        assert_eq!(
            check(status, code, None, None).kind,
            kind,
            "{status} {code}"
        );
    }
    let ok = ObjectAnswer {
        status: 204,
        region: None,
        date: None,
        body: b"",
    };
    assert_eq!(ok.check(NOW), Ok(()));
}

#[test]
fn remedy_is_in_the_words() {
    let fault = check(301, "PermanentRedirect", Some("eu-west-1"), None);
    assert_eq!(
        fault.text,
        "the bucket answers 301 PermanentRedirect: it is in the region eu-west-1; set that one"
    );
    let date = Some("Thu, 28 Nov 2024 15:13:12 GMT");
    let fault = check(403, "RequestTimeTooSkewed", None, date);
    assert_eq!(
        fault.text,
        "the bucket answers 403 RequestTimeTooSkewed; this clock is 600 s behind the server's"
    );
    let fault = check(403, "A\nB&lt;", None, None);
    assert_eq!(fault.text, "the bucket answers 403 AB");
}
