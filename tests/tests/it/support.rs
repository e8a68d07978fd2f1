//! A running system in a folder of its own, and patience.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tig_system_tests::{
    Artifacts, Benchmark, BuildFolder, DevnetStatus, MasterOptions, Pace, Process, Site, Stack,
    wait_for,
};

/// For anything that the system does in the end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(100);
/// Lines of each log that are shown when a test fails.
const LOG_LINES: usize = 30;

/// One worker, and blocks as fast as the host looks for them.
pub(crate) const PACE: Pace = Pace {
    block_ms: 1_000,
    workers: 1,
};

/// Processes of this machine whose command line holds `word`.
pub(crate) fn processes_with(word: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap();
    let entries = entries.filter_map(Result::ok);
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(word)).collect()
}

/// A folder ready to start processes in.
pub(crate) fn site(folder: &Path) -> Site {
    let artifacts = Artifacts::of_running_test().unwrap_or_else(|missing| panic!("{missing}"));
    Site::prepare(folder, artifacts).unwrap()
}

/// Adds a plugin of the tests, which cargo builds as an example.
pub(crate) fn add_example(site: &Site, name: &str) {
    let build = BuildFolder::of_running_test().unwrap();
    let examples = BuildFolder::new(build.path().join("examples"));
    site.add_plugin(name, &examples.plugin(name)).unwrap();
}

/// One small benchmark of one challenge per block.
pub(crate) fn one_challenge() -> MasterOptions {
    let mut options = MasterOptions {
        max_precommits_per_block: 1,
        ..MasterOptions::default()
    };
    options
        .algorithms
        .retain(|challenge, _| *challenge == "satisfiability");
    options
}

/// Whether this machine speaks IPv6; if not, says that the test is skipped.
pub(crate) fn has_ipv6() -> bool {
    let listening = TcpListener::bind("[::1]:0");
    if let Err(error) = &listening {
        // The harness shows it with the test.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this machine has no IPv6: {error}"
        );
    }
    listening.is_ok()
}

/// Changes the config file of `site`, which has been written.
pub(crate) fn patch_config(site: &Site, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read(site.config_file()).unwrap();
    let mut config = serde_json::from_slice(&text).unwrap();
    change(&mut config);
    std::fs::write(site.config_file(), config.to_string()).unwrap();
}

/// A host with the stock extensions that reaches no network.
pub(crate) struct LoneHost {
    /// Where it listens.
    pub(crate) address: String,
    pub(crate) process: Process,
    // Removed last.
    _folder: TempDir,
}

impl LoneHost {
    /// Starts it with a config that is changed before.
    pub(crate) fn start(change: impl FnOnce(&mut Value)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = site(folder.path());
        site.write_config(&one_challenge(), "http://127.0.0.1:1", 0)
            .unwrap();
        patch_config(&site, change);
        let mut process = site.spawn("tig-host", &mut site.host()).unwrap();
        let address = process.address().unwrap();
        Self {
            address,
            process,
            _folder: folder,
        }
    }
}

/// A running system. Its logs are shown when the test fails.
pub(crate) struct Running {
    pub(crate) stack: Stack,
    // Removed last.
    _folder: TempDir,
}

impl Running {
    pub(crate) fn start(options: &MasterOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = site(folder.path());
        let stack = Stack::start(site, options, PACE).unwrap();
        Self {
            stack,
            _folder: folder,
        }
    }

    /// Looks again and again; any process that ends, or any fraud, ends the test.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&mut Stack) -> Option<T>,
    ) -> T {
        let found = wait_for(what, PATIENCE, || {
            self.stack.check_running().unwrap();
            no_fraud(&self.stack.status().unwrap());
            look(&mut self.stack)
        });
        found.unwrap_or_else(|timed_out| panic!("{timed_out}"))
    }

    /// Waits for a benchmark in the network that `is_it`.
    pub(crate) fn wait_for_benchmark(
        &mut self,
        what: &str,
        is_it: impl Fn(&Benchmark) -> bool,
    ) -> Benchmark {
        self.wait_for(what, |stack| {
            let status = stack.status().unwrap();
            status.benchmarks.into_iter().find(&is_it)
        })
    }

    /// Waits for a line of the host's log that holds all of `words`.
    pub(crate) fn wait_for_host_log(&mut self, words: &[&str]) {
        self.wait_for(
            &format!("a line of the host's log with {words:?}"),
            |stack| holds_line(&stack.host, words).then_some(()),
        );
    }

    /// Ids of all benchmarks in the network.
    pub(crate) fn benchmark_ids(&self) -> Vec<String> {
        let status = self.stack.status().unwrap();
        let benchmarks = status.benchmarks.into_iter();
        benchmarks.map(|benchmark| benchmark.benchmark_id).collect()
    }
}

/// Whether one line of the log holds all of `words`.
pub(crate) fn holds_line(process: &Process, words: &[&str]) -> bool {
    let log = process.log();
    log.lines()
        .any(|line| words.iter().all(|word| line.contains(word)))
}

pub(crate) fn no_fraud(status: &DevnetStatus) {
    let frauds: Vec<_> = status.frauds().collect();
    assert!(frauds.is_empty(), "{frauds:?}");
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for process in self.stack.processes() {
                // The harness shows what a failing test has written.
                let _ = writeln!(std::io::stderr(), "{}\n", process.log_tail(LOG_LINES));
            }
        }
    }
}
