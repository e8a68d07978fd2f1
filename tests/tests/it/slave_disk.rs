//! The slave's folder for modules is full or cannot be written: batches are given back with the reason.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tig_system_tests::{Stack, skip};

use crate::failing_modules::{count, slave};
use crate::support::{PACE, Running, one_challenge};

const SLAVE: &str = "newcomer";
/// Mounts a small file system of its own at the first argument.
const MOUNT: &str = r#"mount -t tmpfs -o size=8m none "$1""#;
/// Fills it. The copy ends with an error, since there is no end to its source.
const FILL: &str = r#"cat /dev/zero >"$1/filler" 2>/dev/null"#;
const FILLER: &str = "filler";
const CLOSE: &str = r#"mount -o remount,ro "$1""#;
/// Becomes the slave.
const SLAVE_ITSELF: &str = r#"shift; exec "$@""#;

/// A shell script in a mount namespace of its own, with a folder as its first argument.
fn in_namespace(script: &str, folder: &Path) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(folder);
    command
}

fn modules_folder(stack: &Stack) -> PathBuf {
    stack.site.folder().join("algorithms")
}

/// A system whose slave finds its folder as `script` makes it; `None` where mounting is not allowed.
fn started(script: &str) -> Option<Running> {
    let mut running = Running::start(&one_challenge());
    running.stack.slave.stop();
    let stack = &mut running.stack;
    let folder = modules_folder(stack);
    fs::create_dir_all(&folder).unwrap();
    if !in_namespace(MOUNT, &folder).status().unwrap().success() {
        skip("file systems cannot be mounted here");
        return None;
    }
    let script = format!("{MOUNT} && {{ {script}; {SLAVE_ITSELF}; }}");
    let itself = stack.site.slave(&stack.host_address, SLAVE, PACE.workers);
    let mut command = in_namespace(&script, &folder);
    command
        .arg(itself.get_program())
        .args(itself.get_args())
        .env("RUST_LOG", "info");
    stack.slave = stack.site.spawn(SLAVE, &mut command).unwrap();
    Some(running)
}

/// Waits until the master shows why the slave cannot run its algorithm, twice.
fn wait_for_reason(running: &mut Running, cause: &str) {
    let mut ends_ms = Vec::new();
    running.wait_for("two failures at /slaves", |stack| {
        let slave = slave(stack, SLAVE)?;
        for stated in slave.cannot_run {
            let reason = &stated.reason;
            assert!(reason.contains("algorithms folder"), "{reason}");
            assert!(reason.contains(cause), "{reason}");
            ends_ms.push(stated.ends_in_ms);
        }
        // The time that is left grows only with another failure.
        let is_longer = |pair: &[u64]| pair[1] > pair[0];
        ends_ms.windows(2).any(is_longer).then_some(())
    });
    let log = &running.stack.slave;
    assert_eq!(count(log, "cannot run this algorithm"), 1, "{}", log.log());
    // The other one is about the folder of machine code.
    assert!(count(log, "WARN") <= 2, "{}", log.log());
}

#[test]
fn slave_with_a_full_disk_says_so_until_there_is_room() {
    let Some(mut running) = started(FILL) else {
        return;
    };
    wait_for_reason(&mut running, "No space left on device");
    let folder = modules_folder(&running.stack);
    let root = PathBuf::from(format!("/proc/{}/root", running.stack.slave.id()));
    let folder = root.join(folder.strip_prefix("/").unwrap());
    fs::remove_file(folder.join(FILLER)).unwrap();
    running.wait_for("a batch", |stack| {
        let slave = slave(stack, SLAVE)?;
        (slave.batches > 0 && slave.cannot_run.is_empty()).then_some(())
    });
    assert_eq!(count(&running.stack.slave, "this algorithm runs again"), 1);
}

#[test]
fn slave_with_a_read_only_folder_says_so_once() {
    if let Some(mut running) = started(CLOSE) {
        wait_for_reason(&mut running, "Read-only file system");
    }
}
