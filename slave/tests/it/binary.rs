//! The program itself: signals, standard input, exit codes, log.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::external::script;
use crate::fixture::{JOB, batch, is_gone, mini, until, until_accepted};
use crate::master::FakeMaster;

/// Kills the program if a test fails half-way.
pub(crate) struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    /// `tig-slave 127.0.0.1 <worker> <folder>/algorithms --port .. <more>`, stderr in `<folder>/log`.
    pub(crate) fn start(master: &FakeMaster, folder: &Path, worker: &str, more: &[&str]) -> Self {
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_tig-slave"))
            .args(["127.0.0.1", worker])
            .arg(folder.join("algorithms"))
            .args(["--port", &master.address.port().to_string()])
            .args(more)
            .env("RUST_LOG", "info")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self(child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        until("the program ends", || self.0.try_wait().unwrap().is_some()).await;
        self.0.wait().unwrap()
    }
}

#[tokio::test]
async fn idle_program_logs_no_errors_and_stops_at_sigterm() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let mut program = Program::start(&master, folder.path(), "builtin", &[]);
    until("it polled in vain", || master.seen(|seen| seen.polls) >= 2).await;
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    until_accepted(&master, 1).await;
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await.code(), Some(0));
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    let finished: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("batch finished"))
        .collect();
    assert!(
        matches!(finished[..], [line] if line.contains("nonces=32 solutions=31")),
        "{log}"
    );
    // The name of the first start is the name of the next one.
    let name = master.seen(|seen| seen.user_agents.clone());
    let mut program = Program::start(&master, folder.path(), "builtin", &["--workers", "1"]);
    let polls = master.seen(|seen| seen.polls);
    until("it polls again", || master.seen(|seen| seen.polls) > polls).await;
    program.signal(Signal::INT);
    assert_eq!(program.ended().await.code(), Some(0));
    assert_eq!(master.seen(|seen| seen.user_agents.clone()), name);
}

#[tokio::test]
async fn program_ends_with_its_standard_input_if_asked() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let mut program = Program::start(
        &master,
        folder.path(),
        "builtin",
        &["--exit-with-parent", "--name", "rig-7"],
    );
    until("it polls", || master.seen(|seen| seen.polls) >= 1).await;
    drop(program.0.stdin.take());
    assert_eq!(program.ended().await.code(), Some(0));
    assert_eq!(master.seen(|seen| seen.user_agents.clone()), ["rig-7"]);
}

/// The master is shown the token, whoever serves the modules is not; nor is the log.
#[tokio::test]
async fn a_token_goes_to_the_master_only() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret\n").unwrap();
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let options = ["--token-file", file.to_str().unwrap()];
    let mut program = Program::start(&master, folder.path(), "builtin", &options);
    until_accepted(&master, 1).await;
    program.signal(Signal::TERM);
    program.ended().await;
    let token = Some("Bearer s3cret".to_owned());
    assert_eq!(
        master.seen(|seen| seen.authorizations.clone()),
        [
            ("/get-batch", token.clone()),
            ("/wasm", None),
            ("/submit-batch-result", token)
        ]
    );
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(!log.contains("s3cret"), "{log}");
}

/// A killed slave cannot clean up: the kernel does.
#[tokio::test]
async fn worker_dies_with_a_killed_slave() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let worker = script(
        folder.path(),
        "echo $$ > pid.new\nmv pid.new pid\nexec sleep 1000",
    );
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let mut program = Program::start(&master, folder.path(), worker.to_str().unwrap(), &[]);
    let file = folder.path().join("pid");
    until("the worker runs", || file.is_file()).await;
    let pid = std::fs::read_to_string(file).unwrap();
    assert!(!is_gone(pid.trim()));
    program.signal(Signal::KILL);
    program.ended().await;
    until("the worker is gone", || is_gone(pid.trim())).await;
}

#[tokio::test]
async fn wrong_usage_and_failed_start_have_their_exit_codes() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    for (worker, more, code) in [
        ("builtin", ["--name", "two words"], 2),
        ("builtin", ["--workers", "0"], 2),
        ("/no/such/worker", ["--name", "rig"], 1),
    ] {
        let mut program = Program::start(&master, folder.path(), worker, &more);
        assert_eq!(
            program.ended().await.code(),
            Some(code),
            "{worker} {more:?}"
        );
    }
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert_eq!(
        log,
        "error: there is no worker at /no/such/worker; give the path of tig-worker, or `builtin`\n"
    );
}
