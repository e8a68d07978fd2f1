//! Rounds that fail: nothing changes, and they are tried again.

use tig_plugin_api::{HttpFailureKind, RateLimit};

use super::*;

#[test]
fn whatever_fails_changes_nothing_and_is_tried_again() {
    for endpoint in [
        "get-algorithms",
        "get-players",
        "get-benchmarks",
        "get-challenges",
    ] {
        for body in [
            "",
            "{}",
            "[]",
            "{\"block_id\":\"other\"}",
            "\u{fffd}{",
            "<html><body>Bad gateway</body></html>",
            "{\"block_id\":\"b100\",\"algorithms\":[{\"id\":",
        ] {
            let mut fetcher = fetcher();
            let network = Network::at(100).precommit("p");
            fetcher.update();
            answer_all_but(&mut fetcher, &network, "");
            answer_all_but(&mut fetcher, &network, endpoint);
            let tag = open_tags(&fetcher).remove(0);
            fetcher.respond(&tag, 200, body);
            assert_eq!(fetcher.emitted(), []);
            assert_eq!(logged(&mut fetcher, "warn").len(), 1, "{endpoint} {body}");
            assert_eq!(fetch(&mut fetcher, &network).len(), 2, "{endpoint} {body}");
        }
    }
}

#[test]
fn pages_and_empty_bodies_are_named() {
    for (status, body, expected) in [
        (
            200,
            "\r\n<!DOCTYPE html><title>Sign in</title>",
            "unexpected answer: the server sent an HTML page",
        ),
        (200, "", "unexpected answer: the server sent an empty body"),
        (200, "{}", "unexpected answer: missing field `block`"),
        (502, "<html>Bad gateway</html>", "status 502: an HTML page"),
        (403, "no such block", "status 403: no such block"),
    ] {
        let mut fetcher = fetcher();
        fetcher.update();
        let tag = open_tags(&fetcher).remove(0);
        fetcher.respond(&tag, status, body);
        let warning = &logged(&mut fetcher, "warn")[0];
        assert!(warning.contains(expected), "{warning}");
        assert!(!warning.contains("at line 1 column 1"), "{warning}");
    }
}

#[test]
fn late_answers_of_a_round_given_up_are_ignored() {
    let mut fetcher = fetcher();
    let network = Network::at(100);
    fetcher.update();
    answer_all_but(&mut fetcher, &network, "");
    let tags = open_tags(&fetcher);
    fetcher.respond(&tags[0], 400, "not the latest block");
    fetcher.update();
    for tag in &tags[1..] {
        fetcher.respond(tag, 500, "late");
    }
    let rest = open_tags(&fetcher);
    assert_eq!(
        rest.len(),
        1,
        "the new round is still waiting for its block"
    );
    assert_eq!(logged(&mut fetcher, "warn").len(), 1);
    answer_all_but(&mut fetcher, &network, "");
    answer_all_but(&mut fetcher, &network, "");
    assert_eq!(names(&fetcher.emitted()), ["new_block"]);
}

#[test]
fn an_unanswered_round_ends_at_its_deadline() {
    let mut fetcher = fetcher();
    fetcher.update();
    let first = open_tags(&fetcher);
    fetcher.advance_ms(crate::round::ROUND_MS_MAX);
    fetcher.update();
    assert_eq!(open_tags(&fetcher).len(), 2);
    fetcher.respond(&first[0], 200, Network::at(100).answer("get-block"));
    assert_eq!(
        open_tags(&fetcher).len(),
        1,
        "the late answer starts no queries"
    );
}

#[test]
fn an_unreachable_api_and_recovery_give_few_lines() {
    let mut fetcher = fetcher();
    let mut warnings = Vec::new();
    for _ in 0..720 {
        fetcher.update();
        if let Some(tag) = open_tags(&fetcher).pop() {
            fetcher.fail(&tag, HttpFailureKind::Connect);
        }
        warnings.extend(logged(&mut fetcher, "warn"));
        fetcher.advance_ms(5_000);
    }
    assert!(
        (5..12).contains(&warnings.len()),
        "{} warnings in an hour",
        warnings.len()
    );
    assert!(
        warnings[0].contains("http://127.0.0.1:9"),
        "{}",
        warnings[0]
    );
    assert!(warnings[0].contains("check `api_url`"), "{}", warnings[0]);

    fetcher.advance_ms(60_000);
    assert_eq!(fetch(&mut fetcher, &Network::at(100)).len(), 1);
    assert!(logged(&mut fetcher, "info")[0].contains("answers again"));
}

#[test]
fn a_rate_limit_stops_requests_for_a_minute() {
    let mut fetcher = fetcher();
    fetcher.update();
    let tag = open_tags(&fetcher).remove(0);
    fetcher.respond(&tag, 429, "slow down");
    assert!(logged(&mut fetcher, "warn")[0].contains("one host per address"));
    fetcher.advance_ms(59_999);
    fetcher.update();
    assert!(fetcher.http_calls().is_empty());
    fetcher.advance_ms(1);
    assert_eq!(fetch(&mut fetcher, &Network::at(100)).len(), 1);
}

#[test]
fn every_answer_but_200_is_logged_and_changes_nothing() {
    let kinds = [
        HttpFailureKind::Timeout,
        HttpFailureKind::Connect,
        HttpFailureKind::TooLarge,
        HttpFailureKind::Other,
    ];
    let statuses = [301, 400, 401, 403, 404, 408, 418, 429, 500, 502, 503, 504].map(Ok);
    for failure in statuses.into_iter().chain(kinds.map(Err)) {
        for endpoint in ["get-block", "get-benchmarks"] {
            let mut fetcher = fetcher();
            let network = Network::at(100).precommit("p");
            fetcher.update();
            if endpoint == "get-benchmarks" {
                answer_all_but(&mut fetcher, &network, "");
            }
            let mut tags = open_tags(&fetcher);
            tags.retain(|tag| tag.ends_with(endpoint));
            match failure {
                Ok(status) => fetcher.respond(&tags[0], status, "<html>no</html>"),
                Err(kind) => fetcher.fail(&tags[0], kind),
            }
            assert_eq!(fetcher.emitted(), [], "{failure:?}");
            let said = logged(&mut fetcher, "warn");
            assert_eq!(said.len(), 1, "{failure:?} {said:?}");
            assert!(said[0].contains(endpoint), "{said:?}");
            for tag in open_tags(&fetcher) {
                fetcher.respond(&tag, 200, "late");
            }
            fetcher.advance_ms(60_000);
            let events = fetch(&mut fetcher, &network);
            assert_eq!(names(&events), ["new_block", "precommit_confirmed"]);
        }
    }
}

#[test]
fn a_round_that_meets_the_limit_waits_quietly() {
    let mut fetcher = fetcher();
    let limit = RateLimit {
        allowed_per_minute: Some(7),
        wait_ms: 13_000,
    };
    let mut warnings = 0;
    for height in 100..103 {
        fetcher.update();
        let tag = open_tags(&fetcher).remove(0);
        fetcher.limit(&tag, limit);
        warnings += logged(&mut fetcher, "warn").len();
        fetcher.advance_ms(12_999);
        fetcher.update();
        assert!(fetcher.http_calls().is_empty());
        fetcher.advance_ms(1);
        assert_eq!(fetch(&mut fetcher, &Network::at(height)).len(), 1);
    }
    assert_eq!(warnings, 1, "once, not each minute");
}
