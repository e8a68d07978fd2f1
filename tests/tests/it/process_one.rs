//! Each program as process 1 of a container: a root that is read-only, no HOME, a user id without a name, no terminal.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tig_system_tests::{Process, Site, skip, wait_for};

use crate::programs::{END, Programs, exit_code};
use crate::support::{PACE, site};

/// Without a name, a home, or anything that it owns.
const USER: &str = "54321";

/// Makes all but the folder `$0` read-only, and becomes the user.
const CONTAINER: &str = r#"
mount --bind "$0" "$0" && mount -o remount,bind,ro / || exit 99
exec setpriv --reuid 54321 --regid 54321 --clear-groups --no-new-privs env -i RUST_LOG=info NO_PROXY=127.0.0.1 "$@"
"#;
/// What that script ends with where it may not mount.
const NO_MOUNTS: i32 = 99;

/// `command` as process 1.
fn contained(command: &Command, folder: &Path) -> Command {
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--mount-proc", "--mount", "--kill-child"])
        .args(["sh", "-c", CONTAINER])
        .arg(folder)
        .arg(command.get_program())
        .args(command.get_args());
    unshare
}

/// Why there are no containers here, if there are none.
fn obstacle(site: &Site) -> Option<&'static str> {
    let mut version = Command::new(site.artifacts().program("tig-host"));
    version.arg("--version");
    let output = contained(&version, site.folder()).output();
    match output {
        Err(_) => Some("there is no program `unshare` (util-linux)"),
        Ok(output) if output.status.success() => None,
        Ok(output) if output.status.code() == Some(NO_MOUNTS) => Some("mounts are not allowed"),
        Ok(_) => Some("namespaces of processes and mounts, or another user id, are not allowed"),
    }
}

fn open_to_all(site: &Site) {
    let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    open(site.folder(), 0o777);
    open(&site.folder().join("api_key"), 0o644);
}

/// Process 1 of the container that `process` has made.
fn process_one(process: &Process) -> Pid {
    let id = process.id();
    let children = wait_for("process 1", END, || {
        let children = children(id);
        (!children.is_empty()).then_some(children)
    });
    Pid::from_raw(children.unwrap()[0]).unwrap()
}

fn children(id: impl std::fmt::Display) -> Vec<i32> {
    let text = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    text.split_whitespace()
        .map(|id| id.parse().unwrap())
        .collect()
}

fn is_zombie(id: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with('Z'))
}

#[test]
fn programs_as_process_one_work_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    if let Some(reason) = obstacle(&site) {
        return skip(reason);
    }
    open_to_all(&site);
    let mut programs = Programs::start(&site, PACE.workers, |name, command| {
        site.spawn(name, &mut contained(&command(), site.folder()))
            .unwrap()
    });
    programs.wait_for_proof();
    let Programs {
        devnet,
        host,
        slave,
        ..
    } = &mut programs;
    for process in [slave, devnet] {
        kill_process(process_one(process), Signal::TERM).unwrap();
        assert_eq!(exit_code(process), Some(0), "{}", process.log());
        assert!(process.log().contains("SIGTERM"), "{}", process.log());
    }
    // The first one waits for benchmarks, the second one does not.
    let one = process_one(host);
    kill_process(one, Signal::TERM).unwrap();
    wait_for("the drain", END, || {
        host.log().contains("draining").then_some(())
    })
    .unwrap();
    kill_process(one, Signal::INT).unwrap();
    assert_eq!(exit_code(host), Some(0), "{}", host.log());
}

#[test]
fn process_one_waits_for_orphans() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    if let Some(reason) = obstacle(&site) {
        return skip(reason);
    }
    open_to_all(&site);
    let mut devnet = site
        .spawn(
            "tig-devnet",
            &mut contained(&site.devnet(0, 1_000), site.folder()),
        )
        .unwrap();
    devnet.address().unwrap();
    let one = process_one(&devnet);
    // As `docker exec` does: a shell in the container that leaves a child behind, which ends later.
    let orphan = "sleep 0.2 & echo left";
    let left = Command::new("nsenter")
        .args([
            "--pid",
            "--mount",
            "--target",
            &one.as_raw_nonzero().to_string(),
        ])
        .args(["sh", "-c", orphan])
        .stderr(Stdio::null())
        .output();
    match left {
        Ok(left) if left.stdout == b"left\n" => {}
        _ => return skip("a container cannot be entered (`nsenter`, util-linux)"),
    }
    let id = one.as_raw_nonzero().get();
    let program = children(id).len();
    assert!(program >= 1);
    wait_for("only the program", END, || {
        let children = children(id);
        let only_program = children.len() == 1 && !is_zombie(children[0]);
        only_program.then_some(())
    })
    .unwrap();
    devnet.check_running().unwrap();
}

#[test]
fn worker_as_process_one_obeys_signals() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    if let Some(reason) = obstacle(&site) {
        return skip(reason);
    }
    open_to_all(&site);
    let module = site
        .artifacts()
        .algorithms()
        .join("satisfiability/walk_sat.wasm");
    let settings = r#"{"player_id":"p","block_id":"b","challenge_id":"c001","algorithm_id":"a","difficulty":[5000,420]}"#;
    let mut worker = Command::new(site.artifacts().program("tig-worker"));
    worker
        .args(["compute_batch", settings, "rand", "0", "1000000", "1048576"])
        .arg(module)
        .args(["--workers", "1"]);
    let mut worker = contained(&worker, site.folder());
    let mut worker = site.spawn("tig-worker", &mut worker).unwrap();
    let one = process_one(&worker);
    // The shell becomes the program, which starts itself.
    wait_for("the worker at work", END, || {
        worker.check_running().unwrap();
        let children = children(one.as_raw_nonzero());
        let name = fs::read_to_string(format!("/proc/{}/comm", children.first()?));
        (name.ok()? == "tig-worker\n").then_some(())
    })
    .unwrap();
    kill_process(one, Signal::TERM).unwrap();
    // 128 and the number of the signal.
    assert_eq!(exit_code(&mut worker), Some(143), "{}", worker.log());
}

#[test]
fn container_has_the_user_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    if let Some(reason) = obstacle(&site) {
        return skip(reason);
    }
    let mut id = Command::new("sh");
    id.args(["-c", "id -u; echo ${HOME-none}; touch /x 2>&1; echo $$"]);
    let output = contained(&id, site.folder()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(&lines[..2], [USER, "none"], "{text}");
    assert!(lines[2].contains("Read-only file system"), "{text}");
    assert_eq!(lines[3], "1", "{text}");
}
