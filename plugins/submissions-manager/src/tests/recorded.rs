//! What the earlier master submitted, and what the API said.

use super::*;

const RECORDED: &str = include_str!("../../../../vectors/recordings/single_knapsack.jsonl");

#[test]
fn recorded_submissions_and_answers_are_understood() {
    let exchanges = RECORDED
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let posts: Vec<Value> = exchanges
        .filter(|exchange| exchange["link"] == "master-api" && exchange["method"] == "POST")
        .collect();
    let mut outcomes = Vec::new();
    for post in &posts {
        let mut manager = start();
        let path = post["path"].as_str().unwrap();
        let kind = path.strip_prefix("/submit-").unwrap();
        let request: Value = serde_json::from_str(post["body"].as_str().unwrap()).unwrap();
        manager.event(&format!("{kind}_ready"), request.clone());
        let call = manager.http_calls()[0].clone();
        assert_eq!(call.url, format!("http://api{path}"));
        assert_eq!(
            serde_json::from_slice::<Value>(&call.body).unwrap(),
            request
        );
        let status = u16::try_from(post["status"].as_u64().unwrap()).unwrap();
        let events = answer(&mut manager, status, post["answer"].as_str().unwrap());
        outcomes.push(names(&events).join(" "));
    }
    assert_eq!(
        outcomes,
        [
            "submit_precommit_success",
            "submit_precommit_error",
            "submit_benchmark_success",
            "submit_proof_success",
        ]
    );
}

#[test]
fn the_recorded_config_is_enough() {
    let mut settings: Value = serde_json::from_str(include_str!(
        "../../../../vectors/recordings/single_knapsack_config.json"
    ))
    .unwrap();
    settings["name"] = json!("submissions_manager");
    settings["api_url"] = json!("http://api");
    drop(Harness::<SubmissionsManager>::start(settings));
}
