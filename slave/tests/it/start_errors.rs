//! A slave, or the worker of one, that cannot start.

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, Output};

use tig_process::error_chain::error_chain;
use tig_slave::engine::{Engine, External, GUARD_ARGUMENT, GuardError};
use tig_slave::{Pace, Settings, StartError};
use tig_worker::JobError;
use tokio_util::sync::CancellationToken;

use crate::fixture::NAME;

async fn start_error(algorithms_folder: &Path, engine: Engine) -> StartError {
    let settings = Settings {
        master: tig_slave::master_url("127.0.0.1", 1).unwrap(),
        name: NAME.parse().unwrap(),
        token: None,
        trust: tig_http_client::Trust::load(None).unwrap(),
        algorithms_folder: algorithms_folder.to_owned(),
        workers: NonZeroUsize::MIN,
        engine,
        pace: Pace::default(),
    };
    tig_slave::run(settings, CancellationToken::new())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn algorithms_folder_behind_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let algorithms = file.join("algorithms");
    let error = start_error(&algorithms, Engine::Builtin).await;
    assert!(matches!(error, StartError::Folder { .. }), "{error:?}");
    let text = error_chain(&error);
    assert!(text.contains(algorithms.to_str().unwrap()), "{text}");
    assert!(text.contains("give a folder that can be"), "{text}");
    assert!(text.contains("Not a directory"), "{text}");
}

#[tokio::test]
async fn missing_external_worker_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let worker = folder.path().join("tig-worker");
    let engine = Engine::External(External::new(worker.clone(), None));
    let error = start_error(folder.path(), engine).await;
    let StartError::Worker(named) = error else {
        panic!("{error:?}");
    };
    assert_eq!(named, worker.to_str().unwrap());
}

/// Address spaces that are tried: each leaves another rest behind the last stack that fits.
const ADDRESS_SPACES_KIB: [u32; 4] = [1_000_000, 1_001_000, 1_002_000, 1_003_000];

/// How a slave ends whose 256 stacks do not fit `address_space` (KiB).
fn slave_with_many_workers(folder: &Path, address_space: u32) -> Output {
    // Without arenas of the threads, nothing else needs much of it.
    let script = format!(r#"ulimit -v {address_space}; exec "$0" "$@""#);
    Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_tig-slave")])
        .args(["127.0.0.1", "builtin"])
        .arg(folder)
        .args(["--workers", "256"])
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap()
}

#[test]
fn workers_without_threads_are_named() {
    let folder = tempfile::tempdir().unwrap();
    // In three of a hundred spaces, the rest is too small for what the threads that have started allocate: they abort.
    let output = ADDRESS_SPACES_KIB
        .into_iter()
        .map(|space| slave_with_many_workers(folder.path(), space))
        .find(|output| output.status.code().is_some())
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let fault = String::from_utf8(output.stderr).unwrap();
    let start = StartError::Workers(JobError::NoWorkers);
    let expected = format!("error: {start}: cannot start 256 worker threads: ");
    assert!(fault.starts_with(&expected), "{fault}");
    assert!(fault.contains("ulimit -u"), "{fault}");
}

#[test]
fn client_that_cannot_be_made_has_its_cause() {
    let builder = reqwest::Client::builder().user_agent("two\nlines");
    let error = StartError::from(builder.build().unwrap_err());
    assert!(matches!(error, StartError::Client(_)), "{error:?}");
    let text = error_chain(&error);
    assert!(
        text.starts_with("cannot set up the HTTP client: "),
        "{text}"
    );
    assert!(text.contains("header value"), "{text}");
}

/// Stderr of the program that is to become a worker.
fn guard_fault(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tig-slave"))
        .arg(GUARD_ARGUMENT)
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn worker_of_an_ended_slave_does_not_start() {
    // Process 1 has not started it.
    let fault = guard_fault(&["1", "/bin/true"]);
    assert_eq!(fault, format!("error: {}\n", GuardError::Orphan));
}

#[test]
fn guard_without_a_worker_explains_its_use() {
    for arguments in [&[][..], &["1"], &["-1", "/bin/true"], &["x", "/bin/true"]] {
        let fault = guard_fault(arguments);
        assert_eq!(fault, format!("error: {}\n", GuardError::Usage));
    }
}

#[test]
fn worker_that_cannot_be_executed_is_named() {
    let own = std::process::id().to_string();
    let worker = "/no/such/worker";
    let fault = guard_fault(&[&own, worker, "compute_batch"]);
    let source = std::io::Error::from_raw_os_error(2);
    let worker = worker.into();
    let expected = error_chain(&GuardError::Exec { worker, source });
    assert_eq!(fault, format!("error: {expected}\n"));
    assert!(fault.contains("start the worker /no/such/worker: No such"));
}
