//! What operators do wrong, and what happens to them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use horde_system_tests::{HOTKEY, Site};
use serde_json::{Value, json};
use tig_system_tests::{ProcessError, get};

use crate::network::{
    COMMIT_START, CYCLE, REVEAL_START, SLOT, Validator, chain, host_options, network, section,
};
use crate::support::sum;

/// The exit code of a host with an extension that cannot start.
const EXTENSION: i32 = 4;

/// Starts the host of a site that must not start; what it says last.
fn refused(site: &Site) -> String {
    match site.start_host() {
        Err(ProcessError::Ended {
            status, last_line, ..
        }) => {
            assert_eq!(status.code(), Some(EXTENSION), "{last_line}");
            last_line
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn store_of_another_hotkey_is_refused() {
    let mut validator = Validator::start("direct");
    validator.host.stop();
    let seed = json!({ "secretSeed": format!("0x{}", "02".repeat(32)) });
    let hotkey = validator.site.folder().join("hotkey");
    let own = fs::read_to_string(&hotkey).unwrap();
    fs::write(&hotkey, seed.to_string()).unwrap();
    let text = refused(&validator.site);
    assert!(text.contains("store") && text.contains(HOTKEY), "{text}");
    fs::write(&hotkey, own).unwrap();
    validator.kill();
    assert_eq!(validator.ask("/horde/schedule")["hotkey"], HOTKEY);
}

#[test]
fn store_of_another_subnet_is_refused() {
    let mut validator = Validator::start("direct");
    validator.host.stop();
    let path = validator.site.config_file();
    let config = fs::read_to_string(&path).unwrap();
    for extension in ["horde_chain", "horde_schedule", "horde_weights"] {
        let mut changed: Value = serde_json::from_str(&config).unwrap();
        changed["config"][extension]["netuid"] = json!(13);
        fs::write(&path, changed.to_string()).unwrap();
        let text = refused(&validator.site);
        assert!(text.contains(extension) && text.contains("13"), "{text}");
    }
}

/// The chain is away until the validator says so.
fn take_chain_away(validator: &Validator) {
    validator.set_chain_faults(&["gone"]);
    let text = validator.wait("the fault", |it| {
        let schedule = it.ask("/horde/schedule");
        let text = schedule["text"].as_str().unwrap().to_owned();
        (schedule["code"] == "no_chain").then_some(text)
    });
    assert!(
        text.starts_with("the chain service cannot be reached"),
        "{text}"
    );
    validator.set_chain_faults(&[]);
}

#[test]
fn cycle_goes_on_after_the_chain_was_gone() {
    let validator = Validator::start("direct");
    validator.go_to(SLOT - 5);
    validator.wait_for_slot(SLOT);
    take_chain_away(&validator);
    let batch = validator.run_batch_with(take_chain_away);
    assert_eq!(sum(&batch, "right"), 4, "{batch}");
    // Now the weights are on their way.
    take_chain_away(&validator);
    let end = validator.wait_for_end();
    assert_eq!(end["end"], "applied", "{end}");
    assert_eq!(validator.included("set").len(), 1);
}

#[test]
fn second_validator_with_the_hotkey_is_an_error() {
    let first = Validator::start("commit_reveal");
    let folder = tempfile::tempdir().unwrap();
    let options = host_options(&first.miners, "commit_reveal");
    let artifacts = first.site.artifacts().clone();
    let site = Site::prepare(folder.path(), artifacts, &options).unwrap();
    let mut second = site.start_host().unwrap();
    let address = second.address().unwrap();
    let ask_second = |path| get(&address, path).ok()?.json::<Value>().ok();
    // The second one must not be late for its slot, nor for its weights: `run_batch` waits for the first one alone.
    first.go_to(SLOT - 5);
    first.wait("the slot of the second", |_| {
        let schedule = ask_second("/horde/schedule")?;
        (schedule["slot"]["block"] == SLOT).then_some(())
    });
    first.run_batch_with(|it| {
        it.wait("the scores of the second", |_| {
            let weights = ask_second("/horde/weights")?;
            let mut cycles = weights["cycles"].as_array()?.iter();
            let is_scored = |it: &Value| it["cycle_start"] == CYCLE && it["state"] == "scored";
            cycles.any(is_scored).then_some(())
        });
    });
    first.go_to(COMMIT_START);
    let warning = "another validator runs with it";
    let line = first.blocks_until("the error", |it| {
        let log = it.host.log() + &second.log();
        let mut lines = log.lines();
        lines.find(|line| line.contains(warning)).map(str::to_owned)
    });
    assert!(line.contains(" ERROR "), "{line}");
    assert_eq!(first.included("commit").len(), 1);
}

/// A server with one file, which can be replaced.
struct FileServer {
    address: SocketAddr,
    answer: Arc<Mutex<(u16, String)>>,
}

impl FileServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(Mutex::new((200, "{}".to_owned())));
        let served = Arc::clone(&answer);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request);
                let (status, body) = served.lock().unwrap().clone();
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                );
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { address, answer }
    }

    fn serve(&self, status: u16, file: &Value) {
        *self.answer.lock().unwrap() = (status, file.to_string());
    }
}

fn file(key: &str, value: Value) -> Value {
    json!({ key: { "description": "", "items": [{ "value": value, "reason": "a test" }] } })
}

#[test]
fn faulty_file_of_the_network_changes_nothing() {
    let server = FileServer::start();
    let version = "DYNAMIC_WEIGHTS_VERSION";
    // Before the start: a command waits for the round that is under way, and has what that round has read.
    server.serve(200, &file(version, json!(3)));
    let network = network(1, &[], chain("direct"));
    let url = format!("http://{}/validator.json", server.address);
    let mut validator = Validator::start_with("direct", &network, |options| {
        *section(options, "horde_report") =
            json!({ "source": "url", "url_validator": url, "url_common": "" });
    });
    let get = format!("constance get {version}");
    validator.done("fetch_dynamic_config", 0);
    assert_eq!(validator.done(&get, 0)["value"], "3");
    let mut faulty = file(version, json!(2));
    faulty["DYNAMIC_MAX_WEIGHT"] = file("x", json!(-1))["x"].clone();
    for (status, file, reason) in [
        (200, faulty, "DYNAMIC_MAX_WEIGHT"),
        (
            200,
            file(
                "DYNAMIC_EXECUTOR_CLASS_WEIGHTS",
                json!("spin_up-4min.gpu-24gb=0"),
            ),
            "every executor class is off",
        ),
        (200, json!([]), "not a JSON object"),
        (500, json!({}), "500"),
    ] {
        server.serve(status, &file);
        let ended = validator.typed("fetch_dynamic_config");
        assert_eq!(ended.code, 20, "{}", ended.value);
        assert!(
            ended.value.to_string().contains(reason),
            "{reason}: {}",
            ended.value
        );
        assert_eq!(validator.done(&get, 0)["value"], "3");
    }
    validator.kill();
    let row = validator.done(&get, 0);
    assert_eq!(
        (&row["value"], &row["reason"]),
        (&json!("3"), &json!("a test"))
    );
}

/// Right after its batch, and between commitment and reveal: neither is done twice, and none is missed.
#[test]
fn moved_validator_continues_in_its_slot() {
    let mut validator = Validator::start("commit_reveal");
    validator.go_to(SLOT - 5);
    validator.wait_for_slot(SLOT);
    validator.move_away();
    validator.run_batch_of(CYCLE);
    validator.move_away();
    validator.go_to(SLOT + 1);
    validator.go_to(COMMIT_START);
    let batch = validator.ask("/horde/batch")["last"].clone();
    assert_eq!((&batch["number"], sum(&batch, "right")), (&json!(1), 4));
    for miner in validator.miners.report().unwrap().as_array().unwrap() {
        assert_eq!(miner["counts"]["reservation"], 2, "{miner}");
    }
    validator.wait_for_commitment();
    validator.move_away();
    validator.go_to(REVEAL_START);
    let end = validator.wait_for_end();
    assert_eq!(end["end"], "revealed", "{end}");
    let included = ["commit", "reveal"].map(|kind| validator.included(kind).len());
    assert_eq!(included, [1, 1]);
}
