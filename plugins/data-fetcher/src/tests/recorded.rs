//! A whole life as the earlier master fetched it: the same requests, and from the same answers the right events.

use std::collections::BTreeSet;

use super::*;

const RECORDED: &str = include_str!("../../../../vectors/recordings/single_knapsack.jsonl");
const RECORDED_PLAYER: &str = "0xabababababababababababababababababababab";

/// Path and arguments, in whatever order.
fn parts(url: &str) -> (&str, BTreeSet<&str>) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    (path, query.split('&').collect())
}

#[test]
fn the_recorded_answers_give_the_recorded_life() {
    let exchanges: Vec<Value> = RECORDED
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|exchange: &Value| exchange["link"] == "master-api" && exchange["method"] == "GET")
        .collect();
    let mut fetcher: Harness<DataFetcher> = Harness::start(json!({
        "name": "data_fetcher", "player_id": RECORDED_PLAYER, "api_url": "http://api", "api_key": "key",
    }));
    let mut life = Vec::new();
    for round in exchanges.chunks(5) {
        fetcher.update();
        let mut asked = 0;
        while let Some(call) = fetcher.http_calls().first().cloned() {
            let path = call.url.strip_prefix("http://api").unwrap();
            let same = |exchange: &&Value| parts(exchange["path"].as_str().unwrap()) == parts(path);
            let recorded = round.iter().find(same);
            let recorded = recorded.unwrap_or_else(|| panic!("{path} was never asked for"));
            fetcher.respond(&call.tag, 200, recorded["answer"].as_str().unwrap());
            asked += 1;
        }
        assert_eq!(asked, 5);
        fetcher.advance_ms(60_000);
        life.push(names(&fetcher.emitted()).join(" "));
    }
    assert_eq!(
        life,
        [
            "new_block",
            // The first precommit has cost the whole balance.
            "new_block precommit_confirmed alert",
            "new_block",
            "new_block benchmark_confirmed",
            "new_block",
            "new_block proof_confirmed",
        ]
    );
}
