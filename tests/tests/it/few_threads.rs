//! The system allows few threads: a program has all that it needs, or says at its start what is missing.
//!
//! The limit (`ulimit -u`) counts all threads of a user and does not bind root, so each program runs as a user of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::getuid;
use tig_system_tests::{Process, Site, skip, wait_for};

use crate::programs::Programs;
use crate::support::site;

/// Users that own nothing, one for each program.
const DEVNET_USER: u32 = 54_321;
const HOST_USER: u32 = 54_322;
const SLAVE_USER: u32 = 54_323;
/// No program of ours needs more with a few workers.
const THREADS_MAX: u64 = 64;
/// A refusal comes at once.
const REFUSAL: Duration = Duration::from_secs(20);

/// Why programs cannot run as another user here, if they cannot.
fn obstacle(site: &Site) -> Option<&'static str> {
    if !getuid().is_root() {
        return Some("only root can run a program as another user");
    }
    if Command::new("prlimit").arg("--version").output().is_err() {
        return Some("there is no program `prlimit` (util-linux)");
    }
    let mut host = Command::new(site.artifacts().program("tig-host"));
    let output = host.arg("--version").uid(HOST_USER).gid(HOST_USER).output();
    match output {
        Ok(output) if output.status.success() => None,
        _ => Some("another user cannot read what was built"),
    }
}

/// Everything in the folder is for everybody, as far as the programs need it.
fn open_to_all(site: &Site, owner: u32) {
    let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    open(site.folder(), 0o777);
    open(&site.folder().join("api_key"), 0o644);
    for folder in ["backup", "algorithms"] {
        let path = site.folder().join(folder);
        fs::create_dir_all(&path).unwrap();
        chown(&path, Some(owner), Some(owner)).unwrap();
        open(&path, 0o700);
    }
}

fn limited(command: &Command, user: u32, threads: u64) -> Command {
    let mut limited = Command::new("prlimit");
    limited
        .arg(format!("--nproc={threads}"))
        .arg(command.get_program())
        .args(command.get_args())
        .env("RUST_LOG", "info")
        .uid(user)
        .gid(user);
    limited
}

/// Starts `command` with more and more threads until it does not refuse; each refusal names the threads and the remedy.
fn start_with_enough(site: &Site, name: &str, user: u32, command: &dyn Fn() -> Command) -> Process {
    // With one, it cannot even be started by `prlimit`.
    for threads in 1..THREADS_MAX {
        let log = site.folder().join(name).with_extension("log");
        let _ = fs::remove_file(&log);
        let mut process = site
            .spawn(name, &mut limited(&command(), user, threads))
            .unwrap();
        let ended = wait_for("a refusal or a start", REFUSAL, || {
            let log = process.log();
            let is_started = log.contains("started");
            is_started
                .then_some(None)
                .or(process.exit_status().map(Some))
        });
        let log = process.log();
        let ended = ended.unwrap_or_else(|error| panic!("{name}, {threads}: {error}\n{log}"));
        assert!(!log.contains("panic"), "{name}, {threads}: {log}");
        let Some(status) = ended else {
            assert!(threads > 2, "{name} was not limited: {log}");
            return process;
        };
        assert_eq!(status.code(), Some(1), "{name}, {threads}: {log}");
        let errors: Vec<_> = log
            .lines()
            .filter(|line| line.starts_with("error: "))
            .collect();
        assert_eq!(errors.len(), 1, "{name}, {threads}: {log}");
        assert!(errors[0].contains("ulimit -u"), "{name}, {threads}: {log}");
    }
    panic!("{name} does not start with {THREADS_MAX} threads");
}

#[test]
fn program_with_few_threads_refuses_or_works() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    if let Some(reason) = obstacle(&site) {
        return skip(reason);
    }
    open_to_all(&site, HOST_USER);
    let mut programs = Programs::start(&site, 3, |name, command| {
        let user = match name {
            "tig-devnet" => DEVNET_USER,
            "tig-host" => HOST_USER,
            _ => SLAVE_USER,
        };
        if user == SLAVE_USER {
            chown(site.folder().join("algorithms"), Some(user), Some(user)).unwrap();
        }
        start_with_enough(&site, name, user, command)
    });
    // With not one thread more than they have started with, they do all their work.
    programs.wait_for_proof();
    for process in [&programs.devnet, &programs.host, &programs.slave] {
        let log = process.log();
        assert!(!log.contains("panic"), "{log}");
    }
}

#[test]
fn worker_with_few_threads_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    if let Some(reason) = obstacle(&site) {
        return skip(reason);
    }
    let module = site
        .artifacts()
        .algorithms()
        .join("satisfiability/walk_sat.wasm");
    let settings = r#"{"player_id":"p","block_id":"b","challenge_id":"c001","algorithm_id":"a","difficulty":[5,300]}"#;
    let mut worker = Command::new(site.artifacts().program("tig-worker"));
    worker
        .args(["compute_batch", settings, "rand", "0", "4", "4"])
        .arg(module)
        .args(["--workers", "3"]);
    for threads in 1..THREADS_MAX {
        // Another user's cache folder would be noted before.
        let output = limited(&worker, SLAVE_USER, threads)
            .env_remove("HOME")
            .env_remove("XDG_CACHE_HOME")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            assert!(threads > 3, "it was not limited");
            return;
        }
        assert_eq!(output.status.code(), Some(1), "{threads}: {text}");
        assert!(
            text.starts_with("Error: cannot start "),
            "{threads}: {text}"
        );
        assert!(text.contains("ulimit -u"), "{threads}: {text}");
        assert_eq!(text.lines().count(), 1, "{threads}: {text}");
    }
    panic!("the worker does not start with {THREADS_MAX} threads");
}
