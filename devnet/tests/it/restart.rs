//! The program `tig-devnet` with a state: killed, started again, refused.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tig_challenges::ChallengeKind::Satisfiability;

use crate::process::{check_refusal, command_with, folder, url, wait};
use crate::support::{self, API_KEY, Claim, NUM_NONCES};

const FILE: &str = "state/tig-devnet.redb";

fn command(seed: u64, folder: &Path) -> Command {
    let mut command = command_with(0, seed, folder);
    command.arg("--state").arg(folder.join("state"));
    command
}

/// A network of a process, with blocks on order.
struct Network {
    child: Child,
    url: String,
    client: reqwest::Client,
}

impl Network {
    fn start(folder: &Path) -> Self {
        Self::start_with_seed(7, folder)
    }

    fn start_with_seed(seed: u64, folder: &Path) -> Self {
        let mut child = command(seed, folder).spawn().unwrap();
        let url = url(&mut child);
        let client = reqwest::Client::new();
        Self { child, url, client }
    }

    /// Kills it, and starts it again: it must be as it was.
    async fn killed(mut self, folder: &Path) -> Self {
        let before = self.state().await;
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let again = Self::start(folder);
        assert_eq!(again.state().await, before);
        again
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.client.get(format!("{}{path}", self.url)).send();
        response.await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("X-Api-Key", API_KEY).json(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    async fn state(&self) -> Value {
        self.get("/devnet/state").await
    }

    async fn advance(&self) {
        let latest = self
            .post("/devnet/admin/advance", &json!({"blocks": 1}))
            .await;
        assert_eq!(latest["proofs_waiting"], 0);
    }

    /// The only benchmark, with everything that is known of it.
    async fn benchmark(&self) -> Value {
        let id = self.state().await["benchmarks"][0]["id"].clone();
        let path = format!("/get-benchmark-data?benchmark_id={}", id.as_str().unwrap());
        self.get(&path).await
    }

    async fn stop(mut self) {
        drop(self.child.stdin.take());
        let stopped = tokio::task::spawn_blocking(|| wait(self.child));
        assert!(stopped.await.unwrap());
    }
}

#[tokio::test]
async fn a_benchmark_survives_a_kill_at_every_step() {
    let folder = folder();
    let folder = folder.path();
    let network = Network::start(folder);
    let mut settings = support::settings(&support::network(7), Satisfiability);
    settings.block_id = network.state().await["block_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = json!({"settings": settings, "num_nonces": NUM_NONCES});
    let id = network.post("/submit-precommit", &request).await["benchmark_id"].clone();
    let network = network.killed(folder).await;

    network.advance().await;
    let network = network.killed(folder).await;
    let rand_hash = network.benchmark().await["precommit"]["state"]["rand_hash"].clone();
    let claim = Claim::compute(&settings, rand_hash.as_str().unwrap());
    let id = id.as_str().unwrap();
    network
        .post("/submit-benchmark", &json!(claim.benchmark(id)))
        .await;
    let network = network.killed(folder).await;

    network.advance().await;
    let network = network.killed(folder).await;
    let sampled = network.benchmark().await["benchmark"]["state"]["sampled_nonces"].clone();
    let sampled: Vec<u64> = serde_json::from_value(sampled).unwrap();
    network
        .post("/submit-proof", &json!(claim.proof(id, &sampled)))
        .await;
    let network = network.killed(folder).await;

    // The verification that the kill may have cut short is made now.
    network.advance().await;
    let network = network.killed(folder).await;
    let state = network.state().await;
    assert_eq!(state["stages"]["proof"], 1);
    assert_eq!(state["players"][0]["num_benchmarks"], 1);
    network.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_keys_and_algorithms() {
    let folder = folder();
    let network = Network::start(folder.path());
    let address = "0x9999999999999999999999999999999999999999";
    let signature = format!("0x{}", "0".repeat(130));
    let request = json!({"address": address, "signature": signature});
    let key = network.post("/request-api-key", &request).await["api_key"].clone();
    let path = "/devnet/admin/algorithm?challenge=satisfiability&name=late";
    let wasm = support::mini_wasm(Satisfiability);
    let order = network
        .client
        .post(format!("{}{path}", network.url))
        .body(wasm.clone());
    assert_eq!(order.send().await.unwrap().status(), 200);
    network.advance().await;

    let network = network.killed(folder.path()).await;
    let topup = json!({"tx_hash": format!("0x{}", "1".repeat(64))}).to_string();
    let request = network.client.post(format!("{}/submit-topup", network.url));
    let request = request
        .header("X-Api-Key", key.as_str().unwrap())
        .body(topup);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let module = network
        .client
        .get(format!("{}/devnet/wasm/c001_a002.wasm", network.url));
    assert_eq!(module.send().await.unwrap().bytes().await.unwrap(), wasm);
    network.stop().await;
}

/// The keys file of a network that drew a player, and was killed then.
fn drawn_player(folder: &Path) -> Value {
    let mut first = command(7, folder);
    let mut first = first.args(["--players", "1"]).spawn().unwrap();
    url(&mut first);
    first.kill().unwrap();
    first.wait().unwrap();
    let players = fs::read(folder.join("state/players.json")).unwrap();
    serde_json::from_slice(&players).unwrap()
}

#[tokio::test]
async fn drawn_players_need_not_be_named_again() {
    let folder = folder();
    let players = drawn_player(folder.path());
    let network = Network::start(folder.path());
    let request = network.client.post(format!("{}/submit-topup", network.url));
    let key = players[0]["api_key"].as_str().unwrap();
    let topup = json!({"tx_hash": format!("0x{}", "1".repeat(64))});
    let answer = request.header("X-Api-Key", key).json(&topup).send().await;
    assert_eq!(answer.unwrap().status(), 200);
    network.stop().await;
}

#[tokio::test]
async fn the_key_of_a_drawn_player_is_given_to_no_other() {
    let folder = folder();
    let mut players = drawn_player(folder.path());
    players[0]["player_id"] = json!("0x9999999999999999999999999999999999999999");
    let listed = |folder: &Path, command: &mut Command| {
        let path = folder.join("file.json");
        fs::write(&path, players.to_string()).unwrap();
        command.arg("--players").arg(path);
        command.arg("--state").arg(folder.join("state"));
    };
    check_refusal(folder.path(), &listed, "have the same API key");
}

#[tokio::test]
async fn a_state_in_use_or_of_another_seed_is_refused() {
    let folder = folder();
    let network = Network::start_with_seed(8, folder.path());
    let refused = |expected: &str| {
        let state = |folder: &Path, command: &mut Command| {
            command.arg("--state").arg(folder.join("state"));
        };
        check_refusal(folder.path(), &state, expected);
    };
    refused("is in use by another tig-devnet: stop that one");
    network.stop().await;
    refused("is of seed 8, not 7: leave --seed out");
}

#[tokio::test]
async fn a_damaged_state_is_refused_again_and_again() {
    let folder = folder();
    let network = Network::start(folder.path());
    network.advance().await;
    network.stop().await;
    let path = folder.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    // The name of the algorithm, also where earlier values still are.
    let name = b"\"mini\"";
    let places = (0..whole.len()).filter(|&at| whole[at..].starts_with(name));
    let mut flipped = whole.clone();
    places.for_each(|at| flipped[at + 1] ^= 1);
    assert_ne!(flipped, whole);
    for damaged in [
        flipped,
        whole[..whole.len() / 2].to_vec(),
        b"no database".to_vec(),
    ] {
        fs::write(&path, &damaged).unwrap();
        for _ in 0..2 {
            check_refusal(
                folder.path(),
                &|folder, command| {
                    command.arg("--state").arg(folder.join("state"));
                },
                FILE,
            );
        }
    }
    fs::write(&path, &whole).unwrap();
    let network = Network::start(folder.path());
    assert_eq!(network.state().await["height"], 2);
    network.stop().await;
}

/// `ulimit -f` lets every write beyond so many kilobytes fail.
#[tokio::test]
async fn a_full_disk_stops_the_network_before_any_promise() {
    let folder = folder();
    Network::start(folder.path()).stop().await;
    let size = fs::metadata(folder.path().join(FILE)).unwrap().len();
    let program = command(7, folder.path());
    let mut command = Command::new("bash");
    let limit = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"",
        size / 1024
    );
    command
        .args(["-c", &limit])
        .arg(program.get_program())
        .args(program.get_args());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let url = url(&mut child);
    let client = reqwest::Client::new();

    let wasm = support::mini_wasm(Satisfiability);
    let mut joined = Vec::new();
    for number in 0..10_000 {
        let name = format!("n{number}");
        let path = format!("/devnet/admin/algorithm?challenge=satisfiability&name={name}");
        let answer = client
            .post(format!("{url}{path}"))
            .body(wasm.clone())
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status() == 200 => joined.push(name),
            _ => break,
        }
    }
    let stderr = child.stderr.take().unwrap();
    assert!(!tokio::task::spawn_blocking(|| wait(child)).await.unwrap());
    let text = std::io::read_to_string(stderr).unwrap();
    assert!(
        text.contains("error: cannot read or write the state: "),
        "{text}"
    );

    let network = Network::start(folder.path());
    let state = network.state().await;
    let known: Vec<&str> = state["algorithms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|algorithm| algorithm["name"].as_str().unwrap())
        .collect();
    for name in &joined {
        assert!(known.contains(&name.as_str()), "{name} of {known:?}");
    }
    network.stop().await;
}
