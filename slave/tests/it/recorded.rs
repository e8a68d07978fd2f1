//! Our slave at the earlier Python master: what it sends is what the earlier slave was recorded to send.

use std::path::Path;

use serde_json::Value;
use tig_slave::engine::{Engine, External};

use crate::external::script;
use crate::fixture::{NAME, Slave, mini, until};
use crate::stock_master::{Request, StockMaster, recorded};

/// The earlier slave's uploads, in their order.
fn recorded_results() -> Vec<(String, Value)> {
    let uploads = recorded().filter(|exchange| exchange["method"] == "POST");
    uploads
        .map(|exchange| {
            let mut body = serde_json::from_str(exchange["body"].as_str().unwrap()).unwrap();
            sort(&mut body);
            (exchange["path"].as_str().unwrap().to_owned(), body)
        })
        .collect()
}

/// The official worker prints in order of completion, which differs from run to run; ours sorts.
fn sort(result: &mut Value) {
    let proofs = result["merkle_proofs"].as_array_mut().unwrap();
    proofs.sort_by_key(|proof| proof["leaf"]["nonce"].as_u64());
    let nonces = result["solution_nonces"].as_array_mut().unwrap();
    nonces.sort_by_key(Value::as_u64);
}

/// A worker that prints the recorded results, after `first` has been run.
fn replaying(folder: &Path, first: &str) -> Engine {
    for (path, result) in recorded_results() {
        let (_, start_nonce) = path.rsplit_once('_').unwrap();
        let kind = match result["merkle_proofs"].as_array().unwrap().len() {
            0 => "plain",
            _ => "proofs",
        };
        let file = folder.join(format!("{kind}{start_nonce}"));
        std::fs::write(file, result.to_string()).unwrap();
    }
    let body = format!(
        "{first}\nkind=plain\nfor word; do test \"$word\" != --sampled || kind=proofs; done\ncat \"$kind$4\""
    );
    Engine::External(External::new(script(folder, &body), None))
}

/// Uploaded results.
fn results(seen: &[Request]) -> Vec<(String, Value)> {
    let uploads = posts(seen, "/submit-batch-result/");
    uploads
        .map(|request| {
            let path = request.target.strip_prefix("POST ").unwrap();
            (
                path.to_owned(),
                serde_json::from_str(&request.body).unwrap(),
            )
        })
        .collect()
}

fn posts<'a>(seen: &'a [Request], path: &'a str) -> impl Iterator<Item = &'a Request> {
    seen.iter()
        .filter(move |request| request.target.starts_with(&format!("POST {path}")))
}

async fn until_posted(master: &StockMaster, number: usize) {
    until("the results are posted", || {
        posts(&master.seen(), "/submit-batch-result/").count() >= number
    })
    .await;
}

#[tokio::test]
async fn earlier_master_receives_what_its_slave_would_send() {
    let folder = tempfile::tempdir().unwrap();
    let master = StockMaster::start(mini("mini/knapsack"));
    let slave = Slave::at(master.address, replaying(folder.path(), ""));
    let wanted = recorded_results();
    until_posted(&master, wanted.len()).await;
    let polls = |seen: &[Request]| {
        let polls = seen.iter().filter(|seen| seen.target == "GET /get-batch");
        polls.count()
    };
    // The 404 of that master means "no work": the slave polls on.
    let before = polls(&master.seen());
    until("it polls in vain", || polls(&master.seen()) > before + 2).await;
    slave.stop().await;

    let seen = master.seen();
    assert_eq!(results(&seen), wanted);
    for request in &seen {
        assert_eq!(request.header("user-agent"), Some(NAME), "{request:?}");
        let is_poll = request.target == "GET /get-batch";
        assert_eq!(request.query.starts_with("wait="), is_poll, "{request:?}");
        let is_upload = request.target.starts_with("POST ");
        let content_type = is_upload.then_some("application/json");
        assert_eq!(request.header("content-type"), content_type, "{request:?}");
    }
    assert_eq!(posts(&seen, "/release-batch/").count(), 0);
}

/// The earlier master does not know that batches can be given back: it hands them out again in its own time.
#[tokio::test]
async fn batch_kept_by_earlier_master_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let master = StockMaster::start(mini("mini/knapsack"));
    let fail_once = "test -e failed || { touch failed; exit 1; }";
    let slave = Slave::at(master.address, replaying(folder.path(), fail_once));
    let wanted = recorded_results();
    until_posted(&master, wanted.len() - 1).await;
    assert_eq!(posts(&master.seen(), "/release-batch/").count(), 1);
    master.hand_out_again();
    until_posted(&master, wanted.len()).await;
    slave.stop().await;
    let mut posted = results(&master.seen());
    assert_eq!(posted.pop().as_ref(), wanted.first());
    assert_eq!(posted, wanted[1..]);
}
