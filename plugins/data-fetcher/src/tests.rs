//! The extension as the host drives it.

use serde_json::{Value, json};
use tig_plugin_api::frame::EventKind;
use tig_plugin_api::testing::Harness;

use crate::DataFetcher;

mod failed_handlers;
mod failures;
mod operator;
mod recorded;

const PLAYER: &str = "0x1111111111111111111111111111111111111111";

/// What the API shows at one block.
struct Network {
    block_id: String,
    height: u32,
    precommits: Vec<Value>,
    benchmarks: Vec<Value>,
    proofs: Vec<Value>,
    frauds: Vec<Value>,
    algorithms: Vec<Value>,
    balance: &'static str,
}

impl Network {
    fn at(height: u32) -> Self {
        Self {
            block_id: format!("b{height}"),
            height,
            precommits: Vec::new(),
            benchmarks: Vec::new(),
            proofs: Vec::new(),
            frauds: Vec::new(),
            algorithms: vec![algorithm("c001_a001")],
            balance: "99000000000000000000",
        }
    }

    fn precommit(mut self, id: &str) -> Self {
        self.precommits.push(json!({
            "benchmark_id": id,
            "details": { "block_started": 100, "num_nonces": 20, "fee_paid": "1000000000000000000" },
            "settings": { "player_id": PLAYER, "block_id": "b100", "challenge_id": "c001",
                          "algorithm_id": "c001_a001", "difficulty": [50, 300] },
            "state": { "block_confirmed": 101, "rand_hash": "b101" },
        }));
        self
    }

    fn benchmark(mut self, id: &str) -> Self {
        self.benchmarks.push(json!({
            "id": id, "details": { "num_solutions": 3, "merkle_root": null },
            "state": { "block_confirmed": 102, "sampled_nonces": [1, 2] }, "future_field": [1.5],
        }));
        self
    }

    fn proof(mut self, id: &str) -> Self {
        let state = json!({ "block_confirmed": 103, "submission_delay": 3 });
        self.proofs
            .push(json!({ "benchmark_id": id, "state": state }));
        self
    }

    fn fraud(mut self, id: &str) -> Self {
        let state = json!({ "block_confirmed": 104 });
        self.frauds
            .push(json!({ "benchmark_id": id, "state": state }));
        self
    }

    fn answer(&self, name: &str) -> String {
        let block_id = &self.block_id;
        let answer = match name {
            "get-block" => json!({ "block": {
                "id": block_id, "details": { "prev_block_id": "b", "height": self.height, "round": 1 },
                "config": { "benchmark_submissions": { "lifespan_period": 120 } } } }),
            "get-algorithms" => {
                json!({ "block_id": block_id, "algorithms": self.algorithms, "wasms": [] })
            }
            "get-players" => json!({ "block_id": block_id, "players": [
                { "id": "0x2" },
                { "id": PLAYER, "details": { "name": "me", "is_multisig": false },
                  "state": { "available_fee_balance": self.balance } } ] }),
            "get-benchmarks" => {
                json!({ "precommits": self.precommits, "benchmarks": self.benchmarks,
                                        "proofs": self.proofs, "frauds": self.frauds })
            }
            "get-challenges" => json!({ "block_id": block_id, "challenges": [
                { "id": "c001", "details": { "name": "satisfiability" }, "unknown": { "z": 1, "a": 2 } } ] }),
            other => panic!("unknown endpoint {other}"),
        };
        answer.to_string()
    }
}

fn algorithm(id: &str) -> Value {
    json!({ "id": id, "details": { "name": "walk_sat", "player_id": "0x3", "challenge_id": "c001", "tx_hash": "0x" } })
}

fn fetcher() -> Harness<DataFetcher> {
    started(PLAYER).unwrap()
}

fn started(player_id: &str) -> tig_plugin_api::Result<Harness<DataFetcher>> {
    Harness::try_start(json!({
        "name": "data_fetcher", "player_id": player_id, "api_url": "http://127.0.0.1:9", "api_key": "secret-key",
    }))
}

fn open_tags(fetcher: &Harness<DataFetcher>) -> Vec<String> {
    let calls = fetcher.http_calls().iter();
    calls.map(|call| call.tag.clone()).collect()
}

/// Answers every open request but those to `except`.
fn answer_all_but(fetcher: &mut Harness<DataFetcher>, network: &Network, except: &str) {
    for tag in open_tags(fetcher) {
        let (_, name) = tag.split_once('/').unwrap();
        if name != except {
            fetcher.respond(&tag, 200, network.answer(name));
        }
    }
}

/// One whole round.
fn fetch(fetcher: &mut Harness<DataFetcher>, network: &Network) -> Vec<(String, Value)> {
    fetcher.update();
    answer_all_but(fetcher, network, "");
    answer_all_but(fetcher, network, "");
    assert!(fetcher.http_calls().is_empty());
    fetcher.emitted()
}

/// The kinds of the alerts among events.
fn alerts(events: &[(String, Value)]) -> Vec<&str> {
    let alerts = events.iter().filter(|(name, _)| name == "alert");
    alerts
        .map(|(_, alert)| alert["kind"].as_str().unwrap())
        .collect()
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

fn logged(fetcher: &mut Harness<DataFetcher>, level: &str) -> Vec<String> {
    let lines = fetcher.logs().into_iter();
    lines
        .filter(|(logged_level, _)| logged_level == level)
        .map(|(_, text)| text)
        .collect()
}

#[test]
fn block_is_emitted_as_the_latest() {
    let mut fetcher = fetcher();
    let network = Network::at(100).precommit("p");
    fetcher.update();
    answer_all_but(&mut fetcher, &network, "");
    answer_all_but(&mut fetcher, &network, "");
    // A handler that is behind must not hold several blocks of many megabytes.
    let events = fetcher.emitted_events().into_iter();
    let kinds: Vec<(String, EventKind)> = events.map(|event| (event.name, event.kind)).collect();
    let expected = [
        ("new_block".to_owned(), EventKind::Latest),
        ("precommit_confirmed".to_owned(), EventKind::Plain),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_new_block_is_fetched_once_its_snapshot_first() {
    let mut fetcher = fetcher();
    let network = Network::at(100)
        .precommit("p")
        .precommit("q")
        .benchmark("q");
    fetcher.update();
    fetcher.update();
    assert_eq!(
        open_tags(&fetcher).len(),
        1,
        "at most one round is in flight"
    );
    answer_all_but(&mut fetcher, &network, "");

    let urls: Vec<String> = fetcher
        .http_calls()
        .iter()
        .map(|call| call.url.clone())
        .collect();
    let base = "http://127.0.0.1:9";
    assert_eq!(
        urls,
        [
            format!("{base}/get-algorithms?block_id=b100"),
            format!("{base}/get-players?block_id=b100&player_type=benchmarker"),
            format!("{base}/get-benchmarks?block_id=b100&player_id={PLAYER}"),
            format!("{base}/get-challenges?block_id=b100"),
        ]
    );
    for call in fetcher.http_calls() {
        let agent = concat!("tig-host-data-fetcher/", env!("CARGO_PKG_VERSION"));
        assert_eq!(call.headers, [("User-Agent".to_owned(), agent.to_owned())]);
    }

    answer_all_but(&mut fetcher, &network, "");
    let events = fetcher.emitted();
    assert_eq!(
        names(&events),
        ["new_block", "precommit_confirmed", "benchmark_confirmed"]
    );
    let (_, block) = &events[0];
    assert_eq!(block["player"]["id"], PLAYER);
    assert_eq!(block["block"]["details"]["height"], 100);
    assert_eq!(block["benchmarks"]["q"]["future_field"], json!([1.5]));
    assert_eq!(
        block["challenges"]["c001"]["unknown"].to_string(),
        r#"{"z":1,"a":2}"#
    );
    assert_eq!(events[2].1["benchmark"]["id"], "q");

    assert_eq!(
        fetch(&mut fetcher, &network),
        [],
        "the same block is not news"
    );
}

#[test]
fn each_precommit_reports_its_furthest_new_stage() {
    let mut fetcher = fetcher();
    let first = Network::at(100).precommit("p").precommit("q");
    assert_eq!(fetch(&mut fetcher, &first).len(), 3);

    let second = Network::at(101)
        .precommit("p")
        .precommit("q")
        .benchmark("p")
        .benchmark("q")
        .proof("q");
    let events = fetch(&mut fetcher, &second);
    assert_eq!(
        names(&events),
        ["new_block", "benchmark_confirmed", "proof_confirmed"]
    );
    assert_eq!(events[2].1["benchmark"]["id"], "q");
    assert_eq!(events[2].1["proof"]["benchmark_id"], "q");

    let third = Network {
        block_id: "b102".into(),
        height: 102,
        ..second
    };
    assert_eq!(names(&fetch(&mut fetcher, &third)), ["new_block"]);
}

#[test]
fn a_reload_repeats_nothing_and_a_restart_everything() {
    let mut fetcher = fetcher();
    let network = Network::at(100).precommit("p");
    fetch(&mut fetcher, &network);
    fetcher.reload();
    assert_eq!(fetch(&mut fetcher, &network), []);
    fetcher.restart();
    assert_eq!(
        names(&fetch(&mut fetcher, &network)),
        ["new_block", "precommit_confirmed"]
    );
}

#[test]
fn odd_records_are_left_out_and_named_once() {
    let mut fetcher = fetcher();
    let mut network = Network::at(100).precommit("p");
    network.algorithms.push(json!({ "details": {} }));
    network.algorithms.push(json!(null));
    network
        .precommits
        .push(json!({ "benchmark_id": "bad", "details": {} }));
    let events = fetch(&mut fetcher, &network);
    assert_eq!(names(&events), ["new_block", "precommit_confirmed"]);
    let algorithms = events[0].1["algorithms"].as_object().unwrap();
    assert_eq!(algorithms.keys().collect::<Vec<_>>(), ["c001_a001"]);
    let warnings = logged(&mut fetcher, "warn");
    assert!(
        warnings[0].contains("records left out count=3"),
        "{warnings:?}"
    );

    let next = Network {
        block_id: "b101".into(),
        height: 101,
        ..network
    };
    fetch(&mut fetcher, &next);
    assert_eq!(logged(&mut fetcher, "warn"), [] as [&str; 0]);
}

#[test]
fn player_ids_are_sent_as_the_network_writes_them() {
    for (spelling, sent) in [
        (
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ),
        (
            "5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ),
    ] {
        let mut fetcher = started(spelling).unwrap();
        assert!(logged(&mut fetcher, "info")[0].contains(sent));
        fetcher.update();
        answer_all_but(&mut fetcher, &Network::at(100), "");
        let mut calls = fetcher.http_calls().iter();
        let end = format!("&player_id={sent}");
        assert!(calls.any(|call| call.url.ends_with(&end)));
    }
}

#[test]
fn malformed_player_ids_are_refused() {
    for (spelling, reason) in [
        ("", "it is empty"),
        ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", "39 hex digits"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", "EIP-55"),
        (
            "../5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "character 1 is '.'",
        ),
    ] {
        let error = started(spelling).err().unwrap().to_string();
        assert!(error.starts_with("`player_id`: "), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn precommits_of_others_are_left_out_with_a_remedy() {
    let mut fetcher = fetcher();
    let mut network = Network::at(100).precommit("ours").precommit("theirs");
    network.precommits[0]["settings"]["player_id"] = json!(PLAYER.to_uppercase());
    network.precommits[1]["settings"]["player_id"] = json!("0x2222");
    let events = fetch(&mut fetcher, &network);
    let kept = events[0].1["precommits"].as_object().unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["ours"]);
    let warning = &logged(&mut fetcher, "warn")[0];
    assert!(warning.contains("player 0x2222"), "{warning}");
    assert!(warning.contains("check `player_id`"), "{warning}");
}

#[test]
fn a_lower_block_is_refused_a_replacement_accepted() {
    let mut fetcher = fetcher();
    fetch(&mut fetcher, &Network::at(100));
    fetcher.update();
    answer_all_but(&mut fetcher, &Network::at(99), "");
    assert!(fetcher.http_calls().is_empty());
    assert!(logged(&mut fetcher, "warn")[0].contains("from 100 to 99"));

    let other = Network {
        block_id: "other".into(),
        ..Network::at(100)
    };
    assert_eq!(names(&fetch(&mut fetcher, &other)), ["new_block"]);
    assert!(logged(&mut fetcher, "warn")[0].contains("replaces another one at its height"));
}

#[test]
fn frauds_and_low_balance_are_reported_once() {
    let mut fetcher = fetcher();
    let events = fetch(&mut fetcher, &Network::at(100).precommit("p").fraud("p"));
    assert_eq!(alerts(&events), ["fraud"]);
    assert!(logged(&mut fetcher, "error")[0].contains("benchmark p "));
    fetch(&mut fetcher, &Network::at(101).precommit("p").fraud("p"));
    assert_eq!(logged(&mut fetcher, "error"), [] as [&str; 0]);
    let emptied = fetch(&mut fetcher, &Network::at(102));
    assert_eq!(names(&emptied), ["new_block", "alert"]);
    assert_eq!(alerts(&emptied), ["listing_emptied"]);
    assert!(logged(&mut fetcher, "warn")[0].contains("lists no precommits"));
    fetch(&mut fetcher, &Network::at(103));
    assert_eq!(logged(&mut fetcher, "warn"), [] as [&str; 0]);
}

#[test]
fn the_balance_warning_comes_once_when_it_gets_low() {
    let mut fetcher = fetcher();
    fetch(&mut fetcher, &Network::at(100).precommit("p"));
    assert_eq!(logged(&mut fetcher, "warn"), [] as [&str; 0]);
    for (height, expected) in [(101, &["fee_balance_low"][..]), (102, &[])] {
        let balance = "9000000000000000000";
        let poor = Network {
            balance,
            ..Network::at(height).precommit("p")
        };
        assert_eq!(alerts(&fetch(&mut fetcher, &poor)), expected);
    }
    assert_eq!(logged(&mut fetcher, "warn").len(), 1);
}

#[test]
fn ids_from_outside_do_not_reach_urls_unchecked() {
    let mut fetcher = fetcher();
    fetcher.update();
    let bad = Network {
        block_id: "b&player_id=x".into(),
        ..Network::at(100)
    };
    answer_all_but(&mut fetcher, &bad, "");
    assert!(fetcher.http_calls().is_empty());
    assert!(logged(&mut fetcher, "warn")[0].contains("not made of letters and digits"));
}

#[test]
fn a_stalled_network_is_reported_once() {
    let mut fetcher = fetcher();
    fetch(&mut fetcher, &Network::at(100));
    let mut events = Vec::new();
    for _ in 0..300 {
        fetcher.advance_ms(5_000);
        events.extend(fetch(&mut fetcher, &Network::at(100)));
    }
    assert_eq!(alerts(&events), ["network_stalled"]);
    events = fetch(&mut fetcher, &Network::at(101));
    for _ in 0..130 {
        fetcher.advance_ms(5_000);
        events.extend(fetch(&mut fetcher, &Network::at(101)));
    }
    assert_eq!(alerts(&events), ["network_stalled"]);
}

#[test]
fn a_poll_without_news_costs_one_request() {
    let mut fetcher = fetcher();
    fetch(&mut fetcher, &Network::at(100));
    for _ in 0..40 {
        fetcher.update();
        assert_eq!(open_tags(&fetcher).len(), 1);
        answer_all_but(&mut fetcher, &Network::at(100), "");
        fetcher.advance_ms(2_000);
    }
}
