//! The urgency of a request crosses beside the request, and neither side needs the other to know it.

use tig_plugin_api::prelude::*;

fn call() -> HttpCall {
    HttpCall {
        tag: "t".to_owned(),
        method: Method::Post,
        url: "http://127.0.0.1/".to_owned(),
        headers: vec![("a".to_owned(), "b".to_owned())],
        body: b"body".to_vec(),
        timeout_ms: 1000,
        max_body_bytes: 1000,
    }
}

const URGENT: Turn = Turn {
    priority: Priority::High,
    wait_ms_max: Some(5),
};

#[test]
fn a_turn_crosses_with_its_call() {
    let bytes = call().encode_with(URGENT).unwrap();
    assert_eq!(HttpCall::decode_turn(&bytes).unwrap(), URGENT);
    let read = HttpCall::decode(&bytes).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", call()));
}

#[test]
fn a_call_without_a_turn_has_the_usual_one() {
    let bytes = call().encode().unwrap();
    assert_eq!(HttpCall::decode_turn(&bytes).unwrap(), Turn::default());
}
