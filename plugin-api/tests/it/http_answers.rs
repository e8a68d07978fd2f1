//! Methods and response headers cross the boundary, and neither side needs the other to know them.

use serde::Deserialize;
use serde_json::json;
use tig_plugin_api::frame;
use tig_plugin_api::prelude::*;

/// The head of a response as plugins of the earlier SDK read it.
#[derive(Deserialize)]
struct EarlierHead {
    tag: String,
    status: Option<u16>,
    failure: Option<HttpFailure>,
}

fn response(answer: HttpAnswer) -> HttpResponse {
    HttpResponse {
        tag: "t".to_owned(),
        result: Ok(answer),
    }
}

#[test]
fn headers_cross_with_their_response() {
    let sent = HttpAnswer::new(206, "part").with_headers([("ETag", &b"7"[..])]);
    let bytes = response(sent.clone()).encode().unwrap();
    let read = HttpResponse::decode(&bytes).unwrap();
    assert_eq!(read.result.unwrap(), sent);
}

#[test]
fn plugin_of_the_earlier_sdk_ignores_headers() {
    let answer = HttpAnswer::new(200, "body").with_headers([("etag", &b"7"[..])]);
    let bytes = response(answer).encode().unwrap();
    let (head, body) = frame::decode::<EarlierHead>(&bytes).unwrap();
    assert_eq!((head.tag.as_str(), head.status), ("t", Some(200)));
    assert!(head.failure.is_none());
    assert_eq!(body, b"body");
}

#[test]
fn response_of_an_earlier_host_has_no_headers() {
    let head = json!({ "tag": "t", "status": 200, "failure": null });
    let bytes = frame::encode(&head, b"body").unwrap();
    let read = HttpResponse::decode(&bytes).unwrap().result.unwrap();
    assert_eq!(read, HttpAnswer::new(200, "body"));
}

#[test]
fn methods_cross_by_their_names() {
    for method in [
        Method::Get,
        Method::Post,
        Method::Put,
        Method::Head,
        Method::Delete,
    ] {
        let written = serde_json::to_value(method).unwrap();
        assert_eq!(written, json!(method.name()));
        let read: Method = serde_json::from_value(written).unwrap();
        assert_eq!(read, method);
    }
}

/// So an earlier host refuses the call of a later plugin.
#[test]
fn unknown_method_is_refused_with_a_text() {
    let call = json!({
        "tag": "t", "method": "PATCH", "url": "http://a", "headers": [], "timeout_ms": 1, "max_body_bytes": 1,
    });
    let bytes = frame::encode(&call, b"").unwrap();
    let error = HttpCall::decode(&bytes).unwrap_err().to_string();
    assert!(error.contains("unknown variant `PATCH`"), "{error}");
}
