//! Bad requests: the answer says what is wrong, and nothing changes.

mod bytes;
mod rules;
mod spoilt;

use proptest::prelude::*;
use proptest::sample::Index;
use spoilt::spoil;
use tig_devnet::{Api, BODY_BYTES_MAX, Request, Response};

use crate::busy::{Busy, key_for};
use crate::digest::digest;
use crate::support::{API_KEY, PLAYER_ID};

/// No error quotes a client's text at greater length.
const ERROR_BYTES_MAX: usize = 8 * 1024;

/// Asks, and makes sure of the form of the answer and that nothing has changed; returns the text.
#[track_caller]
fn refused(api: &mut Api, request: &Request<'_>, statuses: &[u16]) -> String {
    let before = digest(api);
    let Response {
        status,
        content_type,
        body,
        ..
    } = api.answer(request);
    let text = String::from_utf8(body).unwrap();
    let context = || {
        format!(
            "{} {}: {status} {text}",
            request.method, request.path_and_query
        )
    };
    assert!(statuses.contains(&status), "{}", context());
    assert_eq!(content_type, "text/plain", "{}", context());
    assert!(
        !text.is_empty() && text.len() <= ERROR_BYTES_MAX && !text.contains(char::is_control),
        "{}",
        context()
    );
    assert_eq!(
        digest(api),
        before,
        "a refusal has changed the state: {}",
        context()
    );
    text
}

#[test]
fn an_unspoilt_request_is_accepted() {
    for index in 0..5 {
        let mut busy = Busy::new();
        let good = busy.good[index].clone();
        let before = digest(&busy.api);
        let body = good.body.to_string();
        let answer = busy.api.answer(&Request::post(
            good.path,
            key_for(good.path),
            body.as_bytes(),
        ));
        assert_eq!(answer.status, 200, "{}", good.path);
        assert_ne!(digest(&busy.api), before, "{}", good.path);
    }
}

/// A query of which one value is wrong.
fn wrong_query(busy: &Busy, case: usize, value: &str) -> String {
    let block_id = busy.api.network().status().block_id;
    let (_, benchmark_id) = &busy.benchmarks[0];
    match case {
        0 => format!("/get-block?round=x{value}"),
        1 => format!("/get-block?include_data=x{value}"),
        2 => format!("/get-block?round=1&round={value}"),
        3 => format!("/get-challenges?block_id={value}"),
        4 => format!("/get-algorithms?block_id={block_id}{value}x"),
        5 => format!("/get-players?block_id={block_id}&player_type=x{value}"),
        6 => format!("/get-benchmarks?block_id={block_id}&player-id={value}"),
        7 => format!("/get-benchmarks?player_id={PLAYER_ID}&block={value}"),
        8 => format!("/get-benchmark-data?benchmark_id={benchmark_id}{value}x"),
        9 => format!("/get-fee-balance?block_id={block_id}&player_id=x{value}"),
        _ => format!("/devnet/wasm/{value}"),
    }
}

const PATHS: [&str; 5] = [
    "/submit-precommit",
    "/submit-benchmark",
    "/submit-proof",
    "/submit-topup",
    "/request-api-key",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spoilt_body_is_refused(spoils in proptest::collection::vec((0..5usize, spoil()), 40)) {
        let mut busy = Busy::new();
        for (index, spoil) in spoils {
            let good = busy.good[index].clone();
            let body = spoil.apply(&good.body);
            let request = Request::post(good.path, key_for(good.path), &body);
            refused(&mut busy.api, &request, &[400]);
        }
    }

    #[test]
    fn a_wrong_method_path_or_query_is_refused(
        method in "[A-Z]{1,8}",
        path in "/[a-z/-]{0,30}",
        values in proptest::collection::vec("[a-zA-Z0-9_%+.\u{e9}\0-]{0,40}", 11),
        at in any::<Index>(),
    ) {
        let mut busy = Busy::new();
        let queries: Vec<String> = values.iter().enumerate()
            .map(|(case, value)| wrong_query(&busy, case, value))
            .collect();
        let api = &mut busy.api;
        for query in &queries {
            refused(api, &Request::get(query), &[400, 404]);
        }
        if !matches!(method.as_str(), "GET" | "HEAD") {
            for path_and_query in &queries {
                let request = Request { method: &method, api_key: Some(API_KEY), ..Request::get(path_and_query) };
                refused(api, &request, &[405]);
            }
        }
        let submission = at.get(&PATHS);
        if method != "POST" {
            let request = Request { method: &method, api_key: Some(API_KEY), body: b"{}", ..Request::get(submission) };
            refused(api, &request, &[405]);
        }
        let nowhere = format!("{path}/nowhere");
        for method in [method.as_str(), "GET", "POST"] {
            let request = Request { method, api_key: Some(API_KEY), ..Request::get(&nowhere) };
            refused(api, &request, &[404]);
        }
    }

    #[test]
    fn a_wrong_key_is_refused_before_anything_else(key in "[!-~]{0,40}", at in any::<Index>(), body in any::<Vec<u8>>()) {
        let mut busy = Busy::new();
        let good = busy.good[at.index(4)].clone();
        let good_body = good.body.to_string();
        for body in [good_body.as_bytes(), &body] {
            for api_key in [None, Some(key.as_str()), Some(&API_KEY[1..]), Some(&API_KEY.to_uppercase())] {
                let request = Request { api_key, ..Request::post(good.path, "", body) };
                refused(&mut busy.api, &request, &[401]);
            }
        }
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_as_such() {
    let mut busy = Busy::new();
    let huge = vec![b' '; BODY_BYTES_MAX + 1];
    for path in PATHS {
        let request = Request::post(path, key_for(path), &huge);
        refused(&mut busy.api, &request, &[413]);
    }
    // A caller need not have read it.
    for (method, path, key, status) in [
        ("POST", "/submit-proof", API_KEY, 413),
        ("POST", "/submit-proof", "wrong", 401),
        ("POST", "/request-api-key", "", 413),
        ("GET", "/get-block", "", 413),
        ("PUT", "/get-block", "", 405),
        ("POST", "/nowhere", API_KEY, 404),
    ] {
        let request = Request {
            method,
            ..Request::post(path, key, b"")
        };
        let answer = busy.api.answer_too_large(&request);
        assert_eq!(answer.status, status, "{method} {path}");
    }
}
