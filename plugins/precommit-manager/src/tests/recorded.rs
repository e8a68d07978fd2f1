//! The earlier master's config and its first block: what it precommitted is what is precommitted here.

use super::*;

const RECORDED: &str = include_str!("../../../../vectors/recordings/single_knapsack.jsonl");
const CONFIG: &str = include_str!("../../../../vectors/recordings/single_knapsack_config.json");

#[test]
fn recorded_config_and_block_give_the_precommit() {
    let exchanges: Vec<Value> = RECORDED
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let answer = |path: &str| -> Value {
        let mut answers = exchanges.iter();
        let found = answers.find(|exchange| exchange["path"].as_str().unwrap().starts_with(path));
        serde_json::from_str(found.unwrap()["answer"].as_str().unwrap()).unwrap()
    };
    let keyed = |records: &Value, key: &str| -> Value {
        let records = records.as_array().unwrap().iter();
        let entry = |record: &Value| (record[key].as_str().unwrap().to_owned(), record.clone());
        Value::Object(records.map(entry).collect())
    };
    let algorithms = answer("/get-algorithms");
    let block = json!({
        "block": answer("/get-block")["block"],
        "algorithms": keyed(&algorithms["algorithms"], "id"),
        "wasms": keyed(&algorithms["wasms"], "algorithm_id"),
        "challenges": keyed(&answer("/get-challenges")["challenges"], "id"),
        "player": answer("/get-players")["players"][0],
        "precommits": {}, "proofs": {},
    });
    let submitted = exchanges
        .iter()
        .find(|exchange| exchange["path"] == "/submit-precommit");
    let submitted: Value =
        serde_json::from_str(submitted.unwrap()["body"].as_str().unwrap()).unwrap();

    let mut settings: Value = serde_json::from_str(CONFIG).unwrap();
    settings["name"] = json!("precommit_manager");
    settings["player_id"] = submitted["settings"]["player_id"].clone();
    let mut manager = Harness::<PrecommitManager>::start(settings);
    let block_id = block["block"]["id"].as_str().unwrap().to_owned();
    manager.event("new_block", block);
    let difficulty = submitted["settings"]["difficulty"].clone();
    give(&mut manager, "c003", &block_id, json!([difficulty]));
    manager.update();
    let (name, event) = manager.emitted().remove(0);
    assert_eq!((name.as_str(), event), ("precommit_ready", submitted));
}
