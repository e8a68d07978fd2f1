//! `cargo xtask demo` at a signal.

use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tig_system_tests::{Artifacts, Process, skip, wait_for};

use crate::support::{PATIENCE, processes_with};

/// Time to end three processes and to remove a folder.
const END: Duration = Duration::from_secs(30);

#[test]
fn demo_leaves_nothing_behind_after_a_signal() {
    let artifacts = Artifacts::of_running_test().unwrap_or_else(|missing| panic!("{missing}"));
    let program = artifacts.program("xtask");
    if !program.exists() {
        return skip("xtask was not built: `cargo build -p xtask`");
    }
    for signal in [Signal::TERM, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let temporary = folder.path().join("tmp");
        fs::create_dir(&temporary).unwrap();
        let mut demo = Command::new(&program);
        demo.args(["demo", "--no-build"]).env("TMPDIR", &temporary);
        let mut demo = Process::spawn("demo", &mut demo, folder.path()).unwrap();
        wait_for("the demo", PATIENCE, || {
            demo.check_running().unwrap();
            demo.log().contains("network http://").then_some(())
        })
        .unwrap();
        let place = temporary.display().to_string();
        assert_eq!(processes_with(&place).len(), 3);
        let id = i32::try_from(demo.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
        let ended = wait_for("the end", END, || demo.exit_status());
        let log = demo.log();
        assert_eq!(ended.unwrap().code(), Some(1), "{log}");
        assert!(log.contains("error: stopped by SIG"), "{log}");
        assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "{log}");
        assert_eq!(processes_with(&place), Vec::<String>::new());
    }
}
