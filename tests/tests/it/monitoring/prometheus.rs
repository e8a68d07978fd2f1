//! Prometheus itself, on loopback.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;
use std::{fs, io};

use serde_json::Value;
use tig_system_tests::{Process, get, own_port, wait_for};

use super::root;

/// For its start.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running Prometheus that reads one host every second, and has the alert rules.
pub(super) struct Prometheus {
    address: String,
    _process: Process,
}

impl Prometheus {
    /// Starts it in `folder`; `None` if it is not installed.
    pub(super) fn start(folder: &Path, host_address: &str) -> Option<Self> {
        let rules = root().join("deploy/prometheus/alerts.yml");
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: [{:?}]\n\
             scrape_configs:\n\
             \x20 - job_name: tig-host\n\
             \x20   static_configs: [{{ targets: [{host_address:?}] }}]\n",
            rules.canonicalize().unwrap()
        );
        let config_file = folder.join("prometheus.yml");
        fs::write(&config_file, config).unwrap();
        // Prometheus does not say which port it has taken.
        let address = format!("127.0.0.1:{}", own_port());
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config_file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("tsdb").display()
            ))
            .arg(format!("--web.listen-address={address}"));
        if command_is_missing("prometheus") {
            return None;
        }
        let process = Process::spawn("prometheus", &mut command, folder).unwrap();
        let ready = wait_for("prometheus", START_TIMEOUT, || {
            let answer = get(&address, "/-/ready").ok()?;
            (answer.status == 200).then_some(())
        });
        ready.unwrap_or_else(|error| panic!("{error}\n{}", process.log_tail(10)));
        Some(Self {
            address,
            _process: process,
        })
    }

    /// The result of a query; an error of Prometheus fails the test.
    pub(super) fn query(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/query?query={}", encode(query));
        let answer = self.get(&path);
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let result = answer["data"]["result"].as_array();
        result
            .unwrap_or_else(|| panic!("{query}: {answer}"))
            .clone()
    }

    /// The alert rules, as they were evaluated.
    pub(super) fn rules(&self) -> Vec<Value> {
        let answer = self.get("/api/v1/rules");
        let groups = answer["data"]["groups"].as_array().unwrap().iter();
        groups
            .flat_map(|group| group["rules"].as_array().unwrap().clone())
            .collect()
    }

    fn get(&self, path: &str) -> Value {
        let answer = get(&self.address, path).unwrap();
        serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{path}: {}", answer.body))
    }
}

/// What `promtool` says; `None` if it is not installed.
pub(super) fn promtool(arguments: &[&str]) -> Option<Output> {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(root().join("deploy/prometheus"))
        .output();
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => panic!("promtool: {error}"),
    }
}

fn command_is_missing(name: &str) -> bool {
    let started = Command::new(name).arg("--version").output();
    started.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}
