//! The earlier master's surroundings as they were recorded, with our host in its place: its config file and command line, the
//! API it talked to, the slave that talked to it. Host and slave must say what was recorded.

mod api;
mod slave;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tig_system_tests::{Artifacts, Process, get, wait_for};

use self::api::{API_KEY, Api};
use crate::support::PATIENCE;

const RECORDED: &str = include_str!("../../../../vectors/recordings/single_knapsack.jsonl");
const CONFIG: &str = include_str!("../../../../vectors/recordings/single_knapsack_config.json");
const PLAYER_ID: &str = "0xabababababababababababababababababababab";

/// The exchanges of one kind, in their order.
fn exchanges(link: &str) -> Vec<Value> {
    let all = RECORDED
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|exchange| exchange["link"] == link).collect()
}

/// The host, started as the earlier master was.
fn start_host(folder: &Path, api: &Api) -> Process {
    let artifacts = Artifacts::of_running_test().unwrap_or_else(|missing| panic!("{missing}"));
    let config = folder.join("config.json");
    std::fs::write(&config, CONFIG).unwrap();
    let mut command = Command::new(artifacts.program("tig-host"));
    command
        .args([PLAYER_ID, API_KEY])
        .arg(config)
        .args(["--api", &format!("http://{}", api.address), "--port", "0"])
        .arg("--backup")
        .arg(folder.join("backup"))
        .arg("--exit-with-parent");
    Process::spawn("tig-host", &mut command, folder).unwrap()
}

/// A running host with the recorded API.
struct Scene {
    api: Api,
    host: Process,
    master: String,
    // Removed last.
    _folder: tempfile::TempDir,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let api = Api::start(exchanges("master-api"));
        let mut host = start_host(folder.path(), &api);
        let master = host.address().unwrap();
        Self {
            api,
            host,
            master,
            _folder: folder,
        }
    }

    fn wait_for<T>(&mut self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let found = wait_for(what, PATIENCE, || {
            self.host.check_running().unwrap();
            look(self)
        });
        found.unwrap_or_else(|timed_out| panic!("{timed_out}\n{}", self.host.log()))
    }

    /// Goes on as the earlier slave did with one recorded exchange, and compares the answers.
    fn replay(&mut self, exchange: &Value) {
        let text = |name: &str| exchange[name].as_str().unwrap();
        if exchange["method"] == "POST" {
            let answer = slave::submit(&self.master, text("path"), text("body"));
            assert_eq!(answer, (200, text("answer").to_owned()));
            return;
        }
        if exchange["status"] == 404 {
            assert_eq!(
                slave::get_batch(&self.master),
                (404, text("answer").to_owned())
            );
            return;
        }
        let batch = self.wait_for("a batch", |scene| match slave::get_batch(&scene.master) {
            (200, batch) => Some(batch),
            answer => {
                assert_eq!(answer, (404, "No batches available".to_owned()));
                None
            }
        });
        let batch: Value = serde_json::from_str(&batch).unwrap();
        let recorded: Value = serde_json::from_str(text("answer")).unwrap();
        assert_eq!(sorted(batch), sorted(recorded));
    }

    /// Waits for a submission, which must be the recorded one.
    fn wait_for_submission(&mut self, path: &str) {
        let submitted = self.wait_for(path, |scene| scene.api.submissions(path).pop());
        let recorded = exchanges("master-api");
        let mut recorded = recorded
            .into_iter()
            .filter(|exchange| exchange["path"] == path);
        let recorded = recorded.next().unwrap();
        let recorded = serde_json::from_str(recorded["body"].as_str().unwrap()).unwrap();
        assert_eq!(sorted(submitted), sorted(recorded));
    }
}

/// Proofs and samples in the order of their nonces: that of the earlier master is by chance.
fn sorted(mut value: Value) -> Value {
    if let Some(proofs) = value["merkle_proofs"].as_array_mut() {
        proofs.sort_by_key(|proof| proof["leaf"]["nonce"].as_u64());
    }
    if let Some(nonces) = value["sampled_nonces"].as_array_mut() {
        nonces.sort_by_key(Value::as_u64);
    }
    value
}

#[test]
fn host_replaces_the_earlier_master_in_a_recording() {
    let mut scene = Scene::start();
    let mut submissions = ["/submit-benchmark", "/submit-proof"].into_iter();
    let exchanges = exchanges("slave-master");
    for exchange in &exchanges {
        scene.replay(exchange);
        // Each kind ends with the last batch.
        if exchange["path"].as_str().unwrap().ends_with("_16") {
            scene.wait_for_submission(submissions.next().unwrap());
        }
    }
    assert_eq!(submissions.next(), None, "both were recorded");
    scene.wait_for("the end of the job", |scene| {
        let jobs: Vec<Value> = get(&scene.master, "/jobs").ok()?.json().ok()?;
        jobs.is_empty().then_some(())
    });
    let slaves: Value = get(&scene.master, "/slaves").unwrap().json().unwrap();
    let (slave, results) = (&slaves["slaves"][0], exchanges.len() / 2);
    assert_eq!(slave["name"], slave::NAME);
    assert_eq!(slave["batches"], results, "{slave}");
    assert_eq!(slave["errors"], 0, "{slave}");
}
