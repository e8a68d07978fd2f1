//! A whole validator that was set up and started as an operator does, and what the doctor says of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use horde_system_tests::{Artifacts, LanguageOptions, Miners, MinersOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tig_system_tests::{Process, get, post, wait_for};

use crate::cli::{WALLET, folder, run, texts, write_private};
use crate::network::{CYCLE, chain, network};

/// Longest time for a state of the running validator to change.
pub(crate) const STATE_TIMEOUT: Duration = Duration::from_secs(60);

/// Starts the validator of a folder.
pub(crate) fn up(folder: &Path) -> Process {
    let artifacts = Artifacts::of_running_test().unwrap();
    let mut up = Command::new(artifacts.program("compute-horde"));
    up.args(["up", "--allow-private", "--port", "0"]);
    let mut host = Process::spawn("up", up.current_dir(folder), folder).unwrap();
    let listens = host.address();
    listens.unwrap_or_else(|error| panic!("{error}: {}", host.log()));
    host
}

/// A whole validator that was set up and started as an operator does.
pub(crate) struct Sound {
    pub(crate) network: Miners,
    pub(crate) host: Process,
    pub(crate) home: TempDir,
}

impl Sound {
    pub(crate) fn start() -> Self {
        let artifacts = Artifacts::of_running_test().unwrap();
        let home = folder("");
        let options = MinersOptions {
            language: Some(LanguageOptions {
                executors: 0,
                trusted_executors: 2,
                trusted_vices: Vec::new(),
            }),
            ..network(1, &[], chain("direct"))
        };
        let network = Miners::start(&artifacts, home.path(), &options).unwrap();
        let facilitator = network.facilitator.as_ref().unwrap();
        let (s3, trusted) = network.language().unwrap();
        let (host, port) = trusted.address.rsplit_once(':').unwrap();
        let env = format!(
            "{WALLET}PYLON_URL=http://{}\nBITTENSOR_NETUID=12\nFACILITATOR_URI={}\nSTATS_COLLECTOR_URL=\n\
             TRUSTED_MINER_ADDRESS={host}\nTRUSTED_MINER_PORT={port}\n\
             AWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\nAWS_ENDPOINT_URL={}\n",
            network.chain.as_deref().unwrap(),
            facilitator.socket,
            s3.access_key_id,
            s3.secret_access_key,
            s3.endpoint,
        );
        write_private(&home.path().join(".env"), &env);
        let made = run(
            home.path(),
            &["provision-s3", "p-1", "a-1", "--region", "eu-west-3"],
        );
        assert!(made.status.success(), "{:?}", texts(&made));
        let host = up(home.path());
        let sound = Self {
            network,
            host,
            home,
        };
        // The slot of the cycle in which the chain begins is slept over.
        sound.wait_for_block(CYCLE - 10);
        sound.advance(CYCLE + 1);
        sound
    }

    /// Makes blocks up to this one, and waits until the host has seen it.
    pub(crate) fn advance(&self, block: u32) {
        let chain: Value = get(&self.network.control, "/chain")
            .unwrap()
            .json()
            .unwrap();
        let newest = u32::try_from(chain["block"]["number"].as_u64().unwrap()).unwrap();
        self.control(
            &self.network.control,
            "/chain/advance",
            &json!({ "blocks": block - newest }),
        );
        self.wait_for_block(block);
    }

    pub(crate) fn wait_for_block(&self, block: u32) {
        let seen = wait_for("the block", STATE_TIMEOUT, || {
            let output = run(self.home.path(), &["status", "--json"]);
            let status: Value = serde_json::from_slice(&output.stdout).ok()?;
            (status["status"]["block"]["number"] == block).then_some(())
        });
        seen.unwrap_or_else(|error| panic!("{error}: {}", self.host.log_tail(30)));
    }

    pub(crate) fn control(&self, address: &str, path: &str, body: &Value) {
        let answer = post(address, path, body.to_string().as_bytes()).unwrap();
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
    }

    /// What the doctor says, with these variables in the process's environment.
    pub(crate) fn doctor(&self, variables: &[(&str, &str)]) -> Report {
        let artifacts = Artifacts::of_running_test().unwrap();
        let mut command = Command::new(artifacts.program("compute-horde"));
        command
            .args(["doctor", "--json"])
            .envs(variables.iter().copied());
        Report::of(&command.current_dir(&self.home).output().unwrap())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        // It does not end with its parent, as an operator's does not.
        self.host.kill();
    }
}

/// What the doctor has said.
pub(crate) struct Report {
    pub(crate) code: i32,
    findings: Vec<Value>,
    pub(crate) text: String,
}

impl Report {
    pub(crate) fn of(output: &Output) -> Self {
        let (stdout, stderr) = texts(output);
        let text = format!("{stdout}{stderr}");
        let value: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{text}"));
        Self {
            code: output.status.code().unwrap(),
            findings: value["findings"].as_array().unwrap().clone(),
            text,
        }
    }

    /// Whether a finding has this level and part, and these pieces in text and remedy.
    pub(crate) fn has(&self, [level, part, text, remedy]: [&str; 4]) -> bool {
        self.findings.iter().any(|finding| {
            let has =
                |key: &str, piece: &str| finding[key].as_str().unwrap_or_default().contains(piece);
            finding["level"] == level
                && finding["part"] == part
                && has("text", text)
                && has("remedy", remedy)
        })
    }

    pub(crate) fn faults(&self) -> Vec<&Value> {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding["level"] == "fault")
            .collect()
    }
}
