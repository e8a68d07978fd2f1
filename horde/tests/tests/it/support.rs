//! A validator with its miners.

use std::time::Duration;

use horde_system_tests::{Artifacts, Call, HostOptions, Miners, MinersOptions, Site};
use serde_json::Value;
use tempfile::TempDir;
use tig_system_tests::{Process, get, wait_for};

/// Longest time for a batch.
const BATCH_MAX: Duration = Duration::from_secs(60);

/// Miners and a host, in a folder of their own.
pub(crate) struct Running {
    pub(crate) site: Site,
    pub(crate) miners: Miners,
    pub(crate) host: Process,
    _folder: TempDir,
}

impl Running {
    pub(crate) fn start(options: &HostOptions, miners: &MinersOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = Artifacts::of_running_test().unwrap();
        let site = Site::prepare(folder.path(), artifacts, options).unwrap();
        let miners = Miners::start(site.artifacts(), folder.path(), miners).unwrap();
        let host = site.start_host().unwrap();
        Self {
            site,
            miners,
            host,
            _folder: folder,
        }
    }

    /// Begins a batch with all miners.
    pub(crate) fn call(&self) -> Call {
        let arguments = self.miners.arguments();
        Call::start(&self.site, ("horde_batch", "run_batch"), &arguments).unwrap()
    }

    /// Runs a batch with all miners to its end.
    pub(crate) fn run_batch(&self) -> (u8, Value) {
        self.call().finish(|_| {}).unwrap()
    }

    /// Waits until the batch of this number has ended, and returns its result.
    pub(crate) fn wait_for_last_batch(&mut self, number: u64) -> Value {
        let address = self.host.address().unwrap();
        let ended = wait_for("the end of the batch", BATCH_MAX, || {
            let answer = get(&address, "/horde/batch").ok()?;
            let status: Value = answer.json().ok()?;
            let last = &status["last"];
            (last["number"].as_u64() == Some(number)).then(|| last.clone())
        });
        ended.unwrap()
    }

    /// Most memory that the host has had, in KiB.
    pub(crate) fn host_memory_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.host.id());
        let status = std::fs::read_to_string(path).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = peak.and_then(|peak| peak.trim().split(' ').next());
        number.unwrap().parse().unwrap()
    }

    /// What the validator has done against the protocol, as the miners saw it.
    pub(crate) fn violations(&self) -> Vec<Value> {
        violations(&self.miners)
    }
}

/// What a validator has done against the protocol, as these miners saw it.
pub(crate) fn violations(miners: &Miners) -> Vec<Value> {
    let report = miners.report().unwrap();
    let miners = report.as_array().unwrap().iter();
    let of_miner = |miner: &Value| miner["violations"].as_array().unwrap().clone();
    miners.flat_map(of_miner).collect()
}

/// So many miners with two executors each.
pub(crate) fn miners(count: usize, vices: &[&str]) -> MinersOptions {
    MinersOptions {
        miners: count,
        executors: 2,
        instant: false,
        vices: vices.iter().map(|&vice| vice.to_owned()).collect(),
        chain: None,
        language: None,
    }
}

/// Sum of a column over the miners of a result.
pub(crate) fn sum(result: &Value, column: &str) -> u64 {
    let classes = |miner: &Value| miner["classes"].as_array().unwrap().clone();
    let rows = result["miners"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(classes);
    rows.map(|row| row[column].as_u64().unwrap()).sum()
}
