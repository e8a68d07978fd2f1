//! A running slave, batches for it, and waiting with a deadline.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use tig_protocol::{Backoff, Batch, BatchResult, BenchmarkSettings, WasmVmConfig};
use tig_slave::engine::Engine;
use tig_slave::{Pace, Settings, StartError};
use tig_worker::{Algorithm, BatchJob, Limits};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::master::FakeMaster;

pub(crate) const NAME: &str = "test-rig";
pub(crate) const JOB: &str = "9c126cd122dc2cf316c521b991fe389c";
pub(crate) const OTHER_JOB: &str = "76778371b9734d08aba6e05f38887a7f";

/// Module of `vectors/wasms.json`.
pub(crate) fn mini(name: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../vectors/wasms.json"
    ))
    .unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let program = vectors["mini"]
        .as_array()
        .unwrap()
        .iter()
        .find(|program| program["name"] == name)
        .unwrap();
    hex::decode(program["wasm_hex"].as_str().unwrap()).unwrap()
}

/// The nonces of `mini_full_*`, first case of satisfiability, in the golden file `compute_batch.json`.
pub(crate) fn batch(master: &FakeMaster, benchmark_id: &str, sampled_nonces: &[u64]) -> Batch {
    Batch {
        benchmark_id: benchmark_id.to_owned(),
        settings: BenchmarkSettings {
            player_id: "0x000000000000000000000000000000000001d001".to_owned(),
            block_id: "pub_block_1234567890abcdef".to_owned(),
            challenge_id: "c001".to_owned(),
            algorithm_id: "c001_mini".to_owned(),
            difficulty: vec![50, 300],
        },
        num_nonces: 32,
        start_nonce: 0,
        batch_size: 32,
        rand_hash: "public_mini_satisfiability_0".to_owned(),
        sampled_nonces: sampled_nonces.to_vec(),
        wasm_vm_config: WasmVmConfig {
            max_memory: 1_000_000_000,
            max_fuel: 2_000_000_000,
        },
        download_url: format!("http://{}/wasm", master.address),
    }
}

pub(crate) fn json(batch: &Batch) -> String {
    serde_json::to_string(batch).unwrap()
}

/// Result of `batch` by the worker library.
pub(crate) fn computed(batch: &Batch, wasm: &[u8]) -> BatchResult {
    let job = BatchJob::from(batch);
    tig_worker::compute_batch(
        &Algorithm::compile(wasm).unwrap(),
        &job,
        &Limits::default(),
        1,
    )
    .unwrap()
}

const QUICK: Backoff = Backoff::from_millis(5, 20);
/// A failed algorithm is tried again with the next batch.
const AT_ONCE: Backoff = Backoff::from_millis(0, 0);

fn pace() -> Pace {
    Pace {
        idle: QUICK,
        retry: QUICK,
        unable: AT_ONCE,
        refused: QUICK,
        stop_drain: Duration::from_secs(20),
    }
}

pub(crate) struct Slave {
    pub(crate) folder: PathBuf,
    stop: CancellationToken,
    run: JoinHandle<Result<(), StartError>>,
    /// Dropped last: deletes the folder.
    _temporary: tempfile::TempDir,
}

impl Slave {
    pub(crate) fn start(master: &FakeMaster) -> Self {
        Self::with_engine(master, Engine::Builtin)
    }

    pub(crate) fn with_engine(master: &FakeMaster, engine: Engine) -> Self {
        Self::at(master.address, engine)
    }

    pub(crate) fn at(master: SocketAddr, engine: Engine) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), master, engine, pace())
    }

    /// Ends it without a word, and starts another on the same folder.
    pub(crate) fn killed_and_started(self, master: &FakeMaster) -> Self {
        self.run.abort();
        Self::start_in(self._temporary, master.address, Engine::Builtin, pace())
    }

    /// Tries an algorithm that it could not run again as `unable` says.
    pub(crate) fn patient(master: &FakeMaster, unable: Backoff) -> Self {
        Self::paced(master, Pace { unable, ..pace() })
    }

    /// Does not try a failed delivery again while the test runs.
    pub(crate) fn discouraged(master: &FakeMaster) -> Self {
        let retry = Backoff::from_millis(3_600_000, 3_600_000);
        Self::paced(master, Pace { retry, ..pace() })
    }

    fn paced(master: &FakeMaster, pace: Pace) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self::start_in(temporary, master.address, Engine::Builtin, pace)
    }

    fn start_in(
        temporary: tempfile::TempDir,
        master: SocketAddr,
        engine: Engine,
        pace: Pace,
    ) -> Self {
        let folder = temporary.path().join("algorithms");
        let settings = Settings {
            master: tig_slave::master_url("127.0.0.1", master.port()).unwrap(),
            name: NAME.parse().unwrap(),
            token: None,
            trust: tig_http_client::Trust::load(None).unwrap(),
            algorithms_folder: folder.clone(),
            workers: NonZeroUsize::new(2).unwrap(),
            engine,
            pace,
        };
        let stop = CancellationToken::new();
        let run = tokio::spawn(tig_slave::run(settings, stop.clone()));
        Self {
            folder,
            stop,
            run,
            _temporary: temporary,
        }
    }

    /// Asks for the stop.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Results on disk.
    pub(crate) fn num_kept(&self) -> usize {
        let own = std::fs::read_dir(self.folder.join("results")).ok();
        let own = own.and_then(|mut folders| folders.next());
        let files = own.map(|own| std::fs::read_dir(own.unwrap().path()).unwrap());
        // Not those that are being written.
        let is_whole = |path: PathBuf| path.extension().is_some_and(|found| found == "json");
        let results =
            files.map(|files| files.filter(|file| is_whole(file.as_ref().unwrap().path())));
        results.map_or(0, Iterator::count)
    }

    /// Asks for the stop and waits for it.
    pub(crate) async fn stop(self) {
        self.ask_to_stop();
        self.run.await.unwrap().unwrap();
    }

    /// Names of the files in the algorithms folder, sorted; without the folder of machine code.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).unwrap();
        let mut names: Vec<String> = entries
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn until_accepted(master: &FakeMaster, number: usize) {
    until("the results are accepted", || {
        master.seen(|seen| seen.accepted.len()) >= number
    })
    .await;
}

/// Whether the process is gone; one that only waits to be reaped is.
pub(crate) fn is_gone(pid: &str) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return true;
    };
    stat.rsplit(')')
        .next()
        .unwrap()
        .trim_start()
        .starts_with('Z')
}
