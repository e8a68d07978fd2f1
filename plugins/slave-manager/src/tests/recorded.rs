//! The earlier slave at our door: its requests are answered as the earlier master did.

use super::*;

const RECORDED: &str = include_str!("../../../../vectors/recordings/single_knapsack.jsonl");

fn exchanges() -> impl Iterator<Item = Value> {
    RECORDED
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|exchange| exchange["link"] == "slave-master")
}

#[test]
fn the_recorded_slave_gets_the_recorded_answers() {
    let mut manager = start();
    let batches = exchanges()
        .filter(|exchange| exchange["path"] == "/get-batch" && exchange["status"] == 200)
        .map(|exchange| serde_json::from_str(exchange["answer"].as_str().unwrap()).unwrap());
    let mut due: Vec<Value> = batches.collect();
    due.reverse();
    for exchange in exchanges() {
        // A batch falls due when the recorded slave is about to get it, but not for its first poll.
        if exchange["path"] == "/get-batch" && exchange["status"] == 200 {
            manager.event("new_batch", due.pop().unwrap());
        }
        let (method, path) = (exchange["method"].as_str(), exchange["path"].as_str());
        let headers = [("user-agent", "recslave"), ("accept", "*/*")];
        let body = exchange["body"].as_str().unwrap();
        let reply = manager.request(method.unwrap(), path.unwrap(), &headers, body);
        let reply = reply.unwrap();
        assert_eq!(json!(reply.status), exchange["status"], "{exchange}");
        let (ours, recorded) = (
            String::from_utf8(reply.body).unwrap(),
            exchange["answer"].as_str().unwrap(),
        );
        match serde_json::from_str::<Value>(recorded) {
            Ok(recorded) => {
                let ours: Value = serde_json::from_str(&ours).unwrap();
                assert_eq!(ours, recorded);
            }
            Err(_) => assert_eq!(ours, recorded),
        }
        assert_eq!(reply.hold_ms, None, "it did not ask to wait");
    }
    let results = manager.emitted();
    assert_eq!(results.len(), 6);
    assert!(
        results
            .iter()
            .all(|(name, event)| name == "batch_result" && event["slave"] == "recslave")
    );
}
