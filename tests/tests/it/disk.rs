//! The host's disk is full, read-only, or gives back what nobody has written.
//!
//! A limit on the size of files stands for the full disk: it is refused like one, and needs no rights.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tig_system_tests::{MasterOptions, Process, Site, Stage, wait_for};

use crate::support::{Running, one_challenge, site};

const STORE: i32 = 6;
/// Room for a log, and not for a store.
const FULL_BYTES: u64 = 64 << 10;
/// A refusal takes no longer.
const REFUSAL: Duration = Duration::from_secs(20);

/// Ignores the signal that comes with the limit: a full disk sends none.
const WITHOUT_SIGNAL: &str = r#"trap "" XFSZ; exec "$@""#;

/// `command`, run by a shell script.
fn through_shell(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", script, "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .env("RUST_LOG", "info");
    shell
}

/// Fills the disk of a running process.
fn fill_disk_of(process: &Process) {
    let full = Rlimit {
        current: Some(FULL_BYTES),
        maximum: None,
    };
    let id = i32::try_from(process.id()).unwrap();
    prlimit(Pid::from_raw(id), Resource::Fsize, full).unwrap();
}

/// Waits for the end of a host that cannot use its store, and returns the one sentence that it ends with.
fn refusal(host: &mut Process) -> String {
    let ended = wait_for("the end of the host", REFUSAL, || host.exit_status());
    let log = host.log();
    let status = ended.unwrap_or_else(|error| panic!("{error}\n{log}"));
    assert_eq!(status.code(), Some(STORE), "{log}");
    let mut errors = log.lines().filter(|line| line.starts_with("error: "));
    let error = errors.next().unwrap_or_else(|| panic!("{log}"));
    assert_eq!(errors.next(), None, "{log}");
    error.to_owned()
}

#[test]
fn host_reports_full_disk_and_resumes_with_room() {
    let options = one_challenge();
    let mut running = Running::start(&options);
    running.stack.host.stop();
    let host = through_shell(WITHOUT_SIGNAL, &running.stack.site.host());
    running.stack.restart_host_as(host, &options).unwrap();
    let job = running.wait_for("a job", |stack| stack.jobs().unwrap().into_iter().next());

    fill_disk_of(&running.stack.host);
    let sentence = refusal(&mut running.stack.host);
    assert!(
        sentence.contains("nothing can be stored any more"),
        "{sentence}"
    );
    assert!(
        sentence.contains("repair the disk and restart"),
        "{sentence}"
    );

    running.stack.restart_host(&options).unwrap();
    running.wait_for_benchmark("the proof of the job", |benchmark| {
        benchmark.benchmark_id == job.benchmark_id && benchmark.stage == Stage::Proof
    });
}

fn prepared(folder: &Path) -> Site {
    let site = site(folder);
    site.write_config(&MasterOptions::default(), "http://127.0.0.1:9", 0)
        .unwrap();
    site
}

/// The sentence that a host ends with.
fn refused(site: &Site) -> String {
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    refusal(&mut host)
}

/// A store as a host leaves it.
fn store_of(site: &Site) -> PathBuf {
    let mut host = site.spawn("tig-host", &mut site.host()).unwrap();
    host.address().unwrap();
    host.stop();
    let path = site.folder().join("backup/tig-host.redb");
    // The next one has a log of its own.
    fs::remove_file(site.folder().join("tig-host.log")).unwrap();
    path
}

#[test]
fn folder_that_cannot_be_made_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    fs::write(folder.path().join("backup"), "a file").unwrap();
    let sentence = refused(&site);
    assert!(sentence.contains("backup/tig-host.redb"), "{sentence}");
    assert!(sentence.contains("check `backup_folder`"), "{sentence}");
}

#[test]
fn disk_without_room_for_a_store_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let site = prepared(folder.path());
    let limited = format!("ulimit -f {}\n{WITHOUT_SIGNAL}", FULL_BYTES / 1_024);
    let mut host = through_shell(&limited, &site.host());
    let mut host = site.spawn("tig-host", &mut host).unwrap();
    let sentence = refusal(&mut host);
    assert!(sentence.contains("backup/tig-host.redb"), "{sentence}");
    assert!(sentence.contains("File too large"), "{sentence}");
}

/// What happens to the bytes of a store.
type Damage = fn(&mut Vec<u8>);

#[test]
fn damaged_store_is_rejected_and_kept() {
    let damages: [(&str, Damage); 4] = [
        ("half of it", |bytes| bytes.truncate(bytes.len() / 2)),
        ("its beginning", |bytes| bytes.truncate(100)),
        ("another beginning", |bytes| bytes[..4_096].fill(0xa5)),
        ("all but the first bytes overwritten", |bytes| {
            bytes[64..].fill(0xa5);
        }),
    ];
    for (what, damage) in damages {
        let folder = tempfile::tempdir().unwrap();
        let site = prepared(folder.path());
        let path = store_of(&site);
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        let sentence = refused(&site);
        assert!(sentence.contains("tig-host.redb"), "{what}: {sentence}");
        assert!(sentence.contains("`backup_folder`"), "{what}: {sentence}");
        assert!(fs::read(&path).unwrap() == bytes, "{what}: it was changed");
    }
}
