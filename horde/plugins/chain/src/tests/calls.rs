//! Calls, each of which has exactly one answer.

use super::*;

#[test]
fn requests_go_where_the_service_expects_them() {
    let sets = json!({ "uids": [1], "values": [9], "version_key": 2 });
    let reveal = json!({ "uids": [1], "values": [9], "salt": [3], "version_key": 2 });
    let commit = json!({ "commit_hash": hash(1, 1) });
    let weights = json!({ "weights": { hotkey(1): 0.5 } });
    for (name, body, method, path) in [
        (
            "set_weights_by_hotkey",
            Some(weights),
            Method::Put,
            "weights",
        ),
        ("set_weights", Some(sets), Method::Post, "weights/set"),
        (
            "commit_weights",
            Some(commit),
            Method::Post,
            "weights/commit",
        ),
        (
            "reveal_weights",
            Some(reveal),
            Method::Post,
            "weights/reveal",
        ),
        ("read_commits", None, Method::Get, "weights/commits"),
        ("read_limits", None, Method::Get, "limits"),
    ] {
        let mut chain = start();
        let mut request = body.clone().unwrap_or_else(|| json!({}));
        request["request"] = json!(name);
        call(&mut chain, "c", &request);
        let [http] = chain.http_calls() else {
            panic!("{:?}", paths(&chain));
        };
        assert_eq!(http.url, format!("{PREFIX}{path}"));
        assert_eq!(http.method, method, "{name}");
        let sent = (!http.body.is_empty()).then(|| serde_json::from_slice(&http.body).unwrap());
        assert_eq!(sent, body, "{name}");
        assert_eq!(http.timeout_ms, 60_000);
        let patience = ("X-Pylon-Timeout".to_owned(), "59".to_owned());
        assert!(http.headers.contains(&patience));
    }
}

#[test]
fn call_that_is_done_is_answered_once() {
    let mut chain = following(7);
    call(&mut chain, "c", &commit());
    // The same call comes again.
    call(&mut chain, "c", &commit());
    assert_eq!((paths(&chain).len(), chain.unfinished()), (1, 1));
    respond(&mut chain, "weights/commit", 200, &json!({ "block": 8 }));
    assert_eq!(answers(&mut chain), [("c".to_owned(), "done".to_owned())]);
    assert_eq!(chain.unfinished(), 0);
    let labels = [("request", "commit_weights"), ("result", "ok")];
    assert_eq!(chain.metric("horde_chain_requests", &labels), Some(1.0));
    assert!(chain.timers().keys().eq(["poll"]), "{:?}", chain.timers());
    chain.advance_ms(120_000);
    assert_eq!(answers(&mut chain), []);
}

#[test]
fn scheduled_weights_are_done() {
    let mut chain = start();
    let request = json!({ "request": "set_weights_by_hotkey", "weights": { hotkey(1): 1.0 } });
    call(&mut chain, "c", &request);
    let answer = json!({ "detail": "weights update scheduled", "count": 1 });
    respond(&mut chain, "weights", 200, &answer);
    assert_eq!(answers(&mut chain), [("c".to_owned(), "done".to_owned())]);
}

#[test]
fn commits_and_limits_are_read() {
    let mut chain = start();
    call(&mut chain, "commits", &json!({ "request": "read_commits" }));
    let commits = json!([{ "commit_hash": hash(1, 1), "block": 5 }]);
    let answer = json!({ "block": head(7, 0), "commits": commits });
    respond(&mut chain, "weights/commits", 200, &answer);
    call(&mut chain, "limits", &json!({ "request": "read_limits" }));
    let answer = json!({
        "min_allowed_weights": 8, "max_weight_limit": 0.5, "commit_reveal_weights_enabled": true,
        "commit_reveal_weights_interval": 722, "tempo": 360,
    });
    respond(&mut chain, "limits", 200, &answer);
    let answers = emitted(&mut chain, "horde_chain_answer");
    let expected = json!({ "result": "commits", "block": 7, "commits": commits });
    assert_eq!(answers[0]["result"], expected);
    let expected = json!({
        "result": "limits", "min_allowed_weights": 8, "max_weight_limit": 0.5,
        "is_commit_reveal": true, "commit_reveal_interval": 722,
    });
    assert_eq!(answers[1]["result"], expected);
}

/// What came of the only call, and why.
fn outcome(chain: &mut Chain) -> (String, String) {
    let answers = emitted(chain, "horde_chain_answer");
    let [answer] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    let result = &answer["result"];
    let text = |name: &str| result[name].as_str().unwrap_or_default().to_owned();
    (text("result"), text("reason"))
}

#[test]
fn refusals_differ_from_failures() {
    let web_page = "<html>Log in</html>".to_owned();
    let detail = |status| error(status, "too early").to_string();
    for (status, body, expected, part) in [
        (400, detail(400), "refused", "too early"),
        (404, web_page.clone(), "refused", "status 404"),
        (499, detail(499), "refused", "too early"),
        (500, detail(500), "failed", "too early"),
        (503, String::new(), "failed", "status 503"),
        (200, web_page, "failed", "web page"),
        (200, "{}".to_owned(), "failed", "missing field"),
        (200, r#"{"blo"#.to_owned(), "failed", "EOF"),
    ] {
        let mut chain = start();
        call(&mut chain, "c", &commit());
        let tag = tag(&chain, "weights/commit");
        chain.respond(&tag, status, body);
        let (result, reason) = outcome(&mut chain);
        assert_eq!(result, expected, "{status}: {reason}");
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn fault_of_the_body_is_named() {
    let mut chain = start();
    call(
        &mut chain,
        "c",
        &json!({ "request": "set_weights_by_hotkey", "weights": {} }),
    );
    let answer = json!({
        "status_code": 400, "detail": "Validation failed",
        "extra": [{ "message": "Value error, No weights provided", "key": "weights" }],
    });
    respond(&mut chain, "weights", 400, &answer);
    let (_, reason) = outcome(&mut chain);
    assert!(
        reason.contains("weights: Value error, No weights provided"),
        "{reason}"
    );
}

#[test]
fn failures_on_the_way_leave_the_outcome_open() {
    for (kind, expected) in [
        (HttpFailureKind::Connect, "failed"),
        (HttpFailureKind::TooLarge, "failed"),
        (HttpFailureKind::Other, "failed"),
        (HttpFailureKind::Timeout, "timed_out"),
        // It was not sent.
        (HttpFailureKind::RateLimited, "refused"),
    ] {
        let mut chain = start();
        call(&mut chain, "c", &commit());
        let tag = tag(&chain, "weights/commit");
        chain.fail(&tag, kind);
        assert_eq!(outcome(&mut chain).0, expected);
    }
}

/// Section 10.3: the chain hangs, and accepts when the deadline is over.
#[test]
fn answer_after_the_deadline_changes_nothing() {
    let mut chain = following(7);
    call(&mut chain, "c", &commit());
    chain.advance_ms(59_999);
    assert_eq!(answers(&mut chain), []);
    chain.advance_ms(1);
    assert_eq!(
        answers(&mut chain),
        [("c".to_owned(), "timed_out".to_owned())]
    );
    chain.logs();
    respond(&mut chain, "weights/commit", 200, &json!({ "block": 8 }));
    assert_eq!(answers(&mut chain), []);
    assert!(log_text(&mut chain).contains("came too late"));
}

#[test]
fn call_whose_deadline_is_over_is_not_sent() {
    let mut chain = following(7);
    let deadline_ms = chain.now_ms();
    let late = json!({ "call": "c", "deadline_ms": deadline_ms, "request": commit() });
    chain.event("horde_chain_call", late);
    assert_eq!(
        answers(&mut chain),
        [("c".to_owned(), "timed_out".to_owned())]
    );
    assert_eq!(paths(&chain), [""; 0]);
}

#[test]
fn call_without_an_identity_is_refused() {
    let section = json!({ "url": "http://pylon", "netuid": 12 });
    let mut chain = Chain::start(settings(&section));
    call(&mut chain, "c", &commit());
    let (result, reason) = outcome(&mut chain);
    assert_eq!(result, "refused");
    assert!(reason.contains("config.horde_chain.identity"), "{reason}");
    assert_eq!(chain.http_calls().len(), 0);
    call(&mut chain, "limits", &json!({ "request": "read_limits" }));
    assert_eq!(
        chain.http_calls()[0].url,
        "http://pylon/api/v1/subnet/12/limits"
    );
}

#[test]
fn calls_beyond_the_bound_are_refused() {
    let mut chain = following(7);
    for number in 0..40 {
        call(&mut chain, &number.to_string(), &commit());
    }
    assert_eq!(paths(&chain).len(), 32);
    let refused = answers(&mut chain);
    assert_eq!(refused.len(), 8);
    assert!(refused.iter().all(|(_, result)| result == "refused"));
}

#[test]
fn commits_and_limits_out_of_bounds_fail() {
    let limits = |share: f64, interval: u32| {
        json!({
            "min_allowed_weights": 8, "max_weight_limit": share, "commit_reveal_weights_enabled": true,
            "commit_reveal_weights_interval": interval,
        })
    };
    let commits: Vec<_> = (0..2_000)
        .map(|block| json!({ "commit_hash": hash(1, 1), "block": block }))
        .collect();
    let short = json!([{ "commit_hash": "0x12", "block": 5 }]);
    let read = |commits: Value| json!({ "block": head(7, 0), "commits": commits });
    for (request, path, body) in [
        ("read_limits", "limits", limits(0.0, 722)),
        ("read_limits", "limits", limits(1.5, 722)),
        ("read_limits", "limits", limits(0.5, 0)),
        ("read_commits", "weights/commits", read(json!(commits))),
        ("read_commits", "weights/commits", read(short)),
    ] {
        let mut chain = start();
        call(&mut chain, "c", &json!({ "request": request }));
        respond(&mut chain, path, 200, &body);
        assert_eq!(outcome(&mut chain).0, "failed", "{body}");
    }
}

#[test]
fn salt_and_token_stay_out_of_logs_and_storage() {
    let mut chain = following(7);
    let request = json!({
        "request": "reveal_weights", "uids": [1], "values": [2], "salt": [54_321], "version_key": 2,
    });
    call(&mut chain, "c", &request);
    let stored = format!("{:?}", chain.stored());
    respond(&mut chain, "weights/reveal", 400, &error(400, "too early"));
    let shown = log_text(&mut chain) + &stored + &status(&mut chain).to_string();
    assert!(
        !shown.contains("54321") && !shown.contains(TOKEN),
        "{shown}"
    );
}
