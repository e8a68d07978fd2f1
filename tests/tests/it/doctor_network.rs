//! `tig-host init`, `doctor` and `support-bundle` with the stock extensions and a network.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tig_system_tests::{DevnetStatus, PLAYER_ID, Process, Site, wait_for};

use crate::support::{PATIENCE, one_challenge, patch_config, site};

const FAULTS: i32 = 11;

/// A network with a site whose config works for it.
struct Network {
    site: Site,
    process: Process,
    address: String,
}

impl Network {
    fn start(folder: &Path) -> Self {
        let site = site(folder);
        let mut process = site
            .spawn("tig-devnet", &mut site.devnet(0, 1_000))
            .unwrap();
        let address = process.address().unwrap();
        site.write_config(&one_challenge(), &format!("http://{address}"), 0)
            .unwrap();
        Self {
            site,
            process,
            address,
        }
    }

    fn tig_host(&self, arguments: &[&str]) -> Output {
        Command::new(self.site.artifacts().program("tig-host"))
            .args(arguments)
            .current_dir(self.site.folder())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Exit code, and findings as lines of JSON.
    fn doctor(&self, config: &str) -> (Option<i32>, Vec<Value>) {
        let output = self.tig_host(&["doctor", config, "--json", "--wait", "15"]);
        let shown: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let findings = shown["findings"].as_array().unwrap().clone();
        (output.status.code(), findings)
    }
}

fn holds(findings: &[Value], level: &str, part: &str, pieces: &[&str]) -> bool {
    findings.iter().any(|finding| {
        let text = format!("{} {}", finding["text"], finding["remedy"]);
        finding["level"] == level
            && finding["part"] == part
            && pieces.iter().all(|piece| text.contains(piece))
    })
}

#[test]
fn doctor_submits_nothing_where_a_host_would() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network::start(folder.path());
    let (code, findings) = network.doctor("config.json");
    assert_eq!(code, Some(0), "{findings:#?}");
    let withheld = ["withheld POST precommit/", " to http://127.0.0.1:"];
    assert!(
        holds(&findings, "ok", "trial run", &withheld),
        "{findings:#?}"
    );
    let status = DevnetStatus::fetch(&network.address).unwrap();
    assert!(status.benchmarks.is_empty(), "{:?}", status.benchmarks);
    assert!(
        !folder.path().join("backup").exists(),
        "something was stored"
    );
    // The same config, in a host that is meant to work.
    let site = &network.site;
    let _host = site.spawn("tig-host", &mut site.host()).unwrap();
    let submitted = wait_for("a precommit", PATIENCE, || {
        let status = DevnetStatus::fetch(&network.address).ok()?;
        status.benchmarks.into_iter().next()
    });
    submitted.unwrap();
}

#[test]
fn doctor_finds_what_only_the_network_knows() {
    let folder = tempfile::tempdir().unwrap();
    let mut network = Network::start(folder.path());
    patch_config(&network.site, |config| {
        let selection = &mut config["config"]["precommit_manager"]["algo_selection"];
        selection["satisfiability"]["algorithm"] = json!("walk_sta");
    });
    let (_, findings) = network.doctor("config.json");
    let meant = ["unknown_algorithm", "walk_sta", "walk_sat"];
    let is_found =
        ["warn", "fail"].map(|level| holds(&findings, level, "precommit_manager", &meant));
    assert!(is_found.contains(&true), "{findings:#?}");
    network.process.kill();
    let (code, findings) = network.doctor("config.json");
    assert_eq!(code, Some(FAULTS), "{findings:#?}");
    assert!(
        holds(
            &findings,
            "fail",
            "api",
            &["cannot be reached", "correct the URL"]
        ),
        "{findings:#?}"
    );
}

#[test]
fn init_writes_a_config_that_works_for_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network::start(folder.path());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let beside = network.site.plugin_folder().join("config.example.json");
    // As a package has it, but without extensions that this site has no file of.
    let text = fs::read(root.join("config.example.json")).unwrap();
    let mut template: Value = serde_json::from_slice(&text).unwrap();
    let listed = template["extensions"].as_array_mut().unwrap();
    listed.retain(|name| network.site.plugin(name.as_str().unwrap()).exists());
    let listed = listed.clone();
    let sections = template["config"].as_object_mut().unwrap();
    sections.retain(|name, _| listed.contains(&json!(name)));
    fs::write(beside, template.to_string()).unwrap();
    let api = format!("http://{}", network.address);
    let key = network.site.folder().join("api_key");
    let selection =
        json!({ "satisfiability": { "algorithm": "walk_sat", "num_nonces": 40, "weight": 1.0 } });
    let output = network.tig_host(&[
        "init",
        "new",
        "--yes",
        "--plugins",
        "plugins",
        "--account",
        PLAYER_ID,
        "--api",
        &api,
        "--port",
        "0",
        "--key-file",
        key.to_str().unwrap(),
        "--set",
        &format!("config.precommit_manager.algo_selection={selection}"),
    ]);
    assert!(output.status.success(), "{output:?}");
    let checked = network.tig_host(&["check", "new/config.json"]);
    assert!(checked.status.success(), "{checked:?}");
    let (code, findings) = network.doctor("new/config.json");
    assert_eq!(code, Some(0), "{findings:#?}");
    let guide = fs::read_to_string(folder.path().join("new/config.md")).unwrap();
    assert!(
        guide.contains("`config.precommit_manager.algo_selection` *"),
        "{guide}"
    );
    let mut host = Command::new(network.site.artifacts().program("tig-host"));
    host.arg(folder.path().join("new/config.json"))
        .arg("--exit-with-parent");
    let _host = network.site.spawn("tig-host", &mut host).unwrap();
    let submitted = wait_for("a precommit", PATIENCE, || {
        let status = DevnetStatus::fetch(&network.address).ok()?;
        status.benchmarks.into_iter().next()
    });
    submitted.unwrap();
}

#[test]
fn bundle_of_the_stock_extensions_holds_no_key() {
    let folder = tempfile::tempdir().unwrap();
    let network = Network::start(folder.path());
    let site = &network.site;
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    host.address().unwrap();
    let log = folder.path().join("tig-host.log");
    let output = network.tig_host(&[
        "support-bundle",
        "--output",
        "out.tar.gz",
        "--log",
        log.to_str().unwrap(),
        "--json",
    ]);
    assert!(output.status.success(), "{output:?}");
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    let entries = written["entries"].as_array().unwrap();
    let has = |name: &str| entries.iter().any(|entry| entry["name"] == name);
    for name in [
        "panels/jobs.json",
        "panels/precommits.json",
        "metrics.txt",
        "log-0.txt",
    ] {
        assert!(has(name), "no {name} in {written:#}");
    }
    let unpacked = Command::new("tar")
        .args(["--extract", "--gzip", "--to-stdout", "--file", "out.tar.gz"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&unpacked.stdout);
    let key = fs::read_to_string(folder.path().join("api_key")).unwrap();
    assert!(text.contains("precommit_manager") && !text.contains(key.trim()));
}
