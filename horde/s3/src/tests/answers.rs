//! Answers of services.

use crate::{Complaint, ERROR_BYTES_MAX, clock_skew_seconds, xml};

const MOVED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>\
    <Message>the region &apos;us-east-1&#39; is wrong; expecting &#x27;eu-west-3'</Message>\
    <Region>eu-west-3</Region><RequestId>AB</RequestId></Error>";

#[test]
fn error_is_read_with_its_region() {
    let read = Complaint::read(None, MOVED.as_bytes());
    assert_eq!(read.code, "AuthorizationHeaderMalformed");
    assert_eq!(
        read.message,
        "the region 'us-east-1' is wrong; expecting 'eu-west-3'"
    );
    assert_eq!(read.region.as_deref(), Some("eu-west-3"));
    let of_header = Complaint::read(Some("ap-south-1"), b"");
    assert_eq!(of_header.region.as_deref(), Some("ap-south-1"));
    assert_eq!(of_header.code, "");
    let of_both = Complaint::read(Some("ap-south-1"), MOVED.as_bytes());
    assert_eq!(of_both.region, of_header.region);
}

#[test]
fn error_of_iam_is_read() {
    let body = b"<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n<Error>\n<Type>Sender</Type>\
        <Code>EntityAlreadyExists</Code></Error></ErrorResponse>";
    assert_eq!(Complaint::read(None, body).code, "EntityAlreadyExists");
}

#[test]
fn what_is_not_an_error_has_no_code() {
    for body in [
        &b""[..],
        b"<html><body><h1>502 Bad Gateway</h1></body></html>",
        b"\xff\xfe<Error",
        b"<Error><Code>NoEnd",
        b"{\"Code\": \"x\"}",
    ] {
        assert_eq!(Complaint::read(None, body), Complaint::default());
    }
    let mut late = vec![b' '; ERROR_BYTES_MAX];
    late.extend_from_slice(MOVED.as_bytes());
    assert_eq!(Complaint::read(None, &late), Complaint::default());
}

#[test]
fn clock_error_is_recognised() {
    let body = b"<Error><Code>RequestTimeTooSkewed</Code></Error>";
    assert!(Complaint::read(None, body).is_clock());
    assert!(!Complaint::read(None, MOVED.as_bytes()).is_clock());
}

#[test]
fn skew_is_what_the_server_is_ahead() {
    let date = "Thu, 28 Nov 2024 15:03:12 GMT";
    assert_eq!(clock_skew_seconds(date, 1_732_806_192), Some(0));
    assert_eq!(clock_skew_seconds(date, 1_732_806_192 - 600), Some(600));
    assert_eq!(clock_skew_seconds(date, 1_732_806_192 + 5), Some(-5));
    assert_eq!(clock_skew_seconds("yesterday", 0), None);
}

#[test]
fn elements_are_found_by_their_whole_name() {
    let body = "<List><KeyCount>2</KeyCount><Key/><Key >a&amp;b</Key><Contents><Key a='1'>c&unknown;&</Key></Contents>\
        <Key>open</List>";
    assert_eq!(xml::all(body, "Key"), ["a&b", "c&unknown;&"]);
    assert_eq!(xml::first(body, "KeyCount").as_deref(), Some("2"));
}

#[test]
fn escaped_text_is_read_as_it_was() {
    let text = "a<b>&amp;\"'\r\n ü\u{1f600} z";
    let body = format!("<T>{}</T>", xml::escape(text));
    assert_eq!(xml::first(&body, "T").as_deref(), Some(text));
    assert_eq!(xml::escape("\0\u{ffff}"), "\u{fffd}\u{fffd}");
}
