//! What an operator sees of the network: the panel, and conditions that come and go.

use tig_plugin_api::HttpFailureKind;
use tig_plugin_api::panel::{Panel, Widget};

use super::*;

fn codes(fetcher: &Harness<DataFetcher>) -> Vec<(&str, &str)> {
    let conditions = fetcher.conditions().iter();
    conditions
        .map(|condition| (condition.code.as_str(), condition.subject.as_str()))
        .collect()
}

/// The answer to the first request of a round.
fn poll(fetcher: &mut Harness<DataFetcher>, status: u16, body: &str) {
    fetcher.update();
    let tag = open_tags(fetcher).remove(0);
    fetcher.respond(&tag, status, body);
    fetcher.advance_ms(60_000);
}

fn figure(fetcher: &mut Harness<DataFetcher>, wanted: &str) -> Value {
    let reply = fetcher.request("GET", "/operator/panel/network", &[], "");
    let panel: Panel = serde_json::from_slice(&reply.unwrap().body).unwrap();
    let all = panel.widgets.into_iter().filter_map(|widget| match widget {
        Widget::Figures { figures, .. } => Some(figures),
        _ => None,
    });
    let mut found = all.flatten().filter(|figure| figure.label == wanted);
    found.next().map_or(Value::Null, |figure| figure.value)
}

#[test]
fn silent_api_differs_from_one_that_refuses() {
    let mut fetcher = fetcher();
    for expected in [&[][..], &[("api_unreachable", "")]] {
        fetcher.update();
        let tag = open_tags(&fetcher).remove(0);
        fetcher.fail(&tag, HttpFailureKind::Connect);
        assert_eq!(codes(&fetcher), expected, "one failure happens on any day");
    }
    let condition = &fetcher.conditions()[0];
    assert!(condition.text.contains("http://127.0.0.1:9"));
    assert!(condition.remedy.contains("api_url"));
    fetcher.advance_ms(60_000);
    for (status, body, expected) in [
        (401, "who are you", &[("api_refuses", "")][..]),
        (403, "", &[("api_refuses", "")]),
        (502, "<html>", &[("api_fails", "")]),
        (200, "{}", &[("api_fails", "")]),
    ] {
        poll(&mut fetcher, status, body);
        assert_eq!(codes(&fetcher), expected, "{status}");
    }
    assert_eq!(figure(&mut fetcher, "Failures in a row"), 6);
    fetch(&mut fetcher, &Network::at(100));
    assert_eq!(codes(&fetcher), []);
    assert_eq!(figure(&mut fetcher, "Failures in a row"), 0);
    let failed = fetcher.metric("polls", &[("outcome", "failed")]);
    assert_eq!(failed, Some(6.0));
    assert_eq!(fetcher.metric("polls", &[("outcome", "ok")]), Some(1.0));
}

#[test]
fn api_that_hangs_is_reported_at_once() {
    let mut fetcher = fetcher();
    fetcher.update();
    fetcher.advance_ms(20_000);
    let tag = open_tags(&fetcher).remove(0);
    fetcher.fail(&tag, HttpFailureKind::Timeout);
    assert_eq!(codes(&fetcher), [("api_unreachable", "")]);
}

#[test]
fn stalled_network_is_reported_until_the_next_block() {
    let mut fetcher = fetcher();
    fetch(&mut fetcher, &Network::at(100));
    let head = Network::at(100).answer("get-block");
    for _ in 0..9 {
        poll(&mut fetcher, 200, &head);
        assert_eq!(codes(&fetcher), []);
    }
    for _ in 0..5 {
        poll(&mut fetcher, 200, &head);
        fetcher.update();
    }
    assert_eq!(codes(&fetcher), [("network_stalled", "")]);
    assert!(fetcher.metric("block_age_seconds", &[]).unwrap() > 600.0);
    fetcher.reload();
    poll(&mut fetcher, 200, &head);
    assert_eq!(codes(&fetcher), [("network_stalled", "")], "after a reload");
    fetch(&mut fetcher, &Network::at(101));
    assert_eq!(codes(&fetcher), []);
    assert_eq!(fetcher.metric("block_height", &[]), Some(101.0));
}

#[test]
fn frauds_are_conditions_while_they_are_listed() {
    let mut fetcher = fetcher();
    let network = Network::at(100).precommit("a").fraud("a").fraud("b");
    fetch(&mut fetcher, &network);
    let expected = [("fraud_flagged", "a"), ("fraud_flagged", "b")];
    assert_eq!(codes(&fetcher), expected);
    let many = |height: u32, count: u32| {
        let network = Network::at(height).precommit("a");
        (0..count).fold(network, |network, number| {
            network.fraud(&format!("f{:02}", 30 - number))
        })
    };
    fetch(&mut fetcher, &many(101, 20));
    let named = fetcher.conditions().to_vec();
    assert_eq!(named.len(), 20);
    fetch(&mut fetcher, &many(102, 30));
    let conditions = fetcher.conditions();
    assert!(
        named.iter().all(|it| conditions.contains(it)),
        "no false end"
    );
    let rest = conditions.iter().find(|it| it.subject.is_empty()).unwrap();
    assert_eq!(rest.text, "and 10 more benchmarks were flagged as fraud");
    fetch(&mut fetcher, &Network::at(103).precommit("a"));
    assert_eq!(codes(&fetcher), []);
}

#[test]
fn emptied_listing_is_a_condition_until_it_is_due() {
    let mut fetcher = fetcher();
    fetch(&mut fetcher, &Network::at(100).precommit("a"));
    for height in [101, 102, 219] {
        fetch(&mut fetcher, &Network::at(height));
        assert_eq!(codes(&fetcher), [("listing_emptied", "")], "{height}");
    }
    fetch(&mut fetcher, &Network::at(220));
    assert_eq!(codes(&fetcher), [], "what was listed has expired");
}

#[test]
fn clock_is_compared_with_the_answers_of_the_api() {
    // The harness begins at 2023-11-14 22:13:20 GMT.
    let right = "Tue, 14 Nov 2023 22:13:25 GMT";
    let wrong = "Tue, 14 Nov 2023 22:03:20 GMT";
    let mut fetcher = fetcher();
    let head = Network::at(100).answer("get-block");
    fetch(&mut fetcher, &Network::at(100));
    for (date, age, expected) in [
        (right, "0", &[][..]),
        ("yesterday", "0", &[]),
        (wrong, "590", &[]),
        (wrong, "x", &[("clock_off", "")]),
        (right, "0", &[]),
    ] {
        fetcher.update();
        let tag = open_tags(&fetcher).remove(0);
        let headers = [("Date", date), ("Age", age)];
        fetcher.respond_with_headers(&tag, 200, &headers, head.clone());
        assert_eq!(codes(&fetcher), expected, "{date} {age}");
        if let [condition] = fetcher.conditions() {
            let expected = "about 10 minutes ahead of that of the API";
            assert!(condition.text.contains(expected), "{}", condition.text);
        }
    }
}

#[test]
fn panel_shows_block_listing_and_api() {
    let mut fetcher = fetcher();
    assert_eq!(figure(&mut fetcher, "Height"), Value::Null);
    let network = Network::at(100)
        .precommit("a")
        .precommit("b")
        .precommit("c");
    let network = network.benchmark("a").benchmark("b").proof("a");
    fetch(&mut fetcher, &network);
    for (label, expected) in [
        ("Height", json!(100)),
        ("Round", json!(1)),
        ("Block", json!("b100")),
        ("Our precommits in the window", json!(3)),
        ("Of them benchmarks", json!(2)),
        ("Of them proofs", json!(1)),
        ("Came", json!(fetcher.now_ms())),
        ("URL", json!("http://127.0.0.1:9")),
        ("It took", json!(0)),
    ] {
        assert_eq!(figure(&mut fetcher, label), expected, "{label}");
    }
}
