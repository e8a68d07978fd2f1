//! `tig-slave status` and `tig-slave doctor`, as programs.

use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::Value;

use crate::binary::Program;
use crate::external::script;
use crate::fixture::{JOB, OTHER_JOB, batch, mini, until, until_accepted};
use crate::master::FakeMaster;

fn tig_slave(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tig-slave"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The slaves that `tig-slave status` shows.
fn slaves(folder: &Path) -> Vec<Value> {
    let folder = folder.join("algorithms");
    let output = tig_slave(&["status", folder.to_str().unwrap(), "--json"]);
    let shown: Value = serde_json::from_str(&text(&output)).unwrap();
    let slaves = shown["slaves"].as_array().unwrap();
    let code = if slaves.is_empty() { 7 } else { 0 };
    assert_eq!(output.status.code(), Some(code), "{shown}");
    slaves.clone()
}

#[tokio::test]
async fn running_slave_shows_what_it_does() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    assert_eq!(slaves(folder.path()), [] as [Value; 0]);
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let mut program = Program::start(&master, folder.path(), "builtin", &["--name", "rig-7"]);
    until_accepted(&master, 1).await;
    let mut seen = Vec::new();
    until("the status has the delivered result", || {
        seen = slaves(folder.path());
        seen.first()
            .is_some_and(|slave| slave["results_delivered"] == 1)
    })
    .await;
    let slave = &seen[0];
    assert_eq!(slave["name"], "rig-7");
    assert_eq!(
        (&slave["batches_done"], &slave["nonces_done"]),
        (&1.into(), &32.into())
    );
    assert_eq!(
        (&slave["is_running"], &slave["errors"]),
        (&true.into(), &0.into())
    );
    assert_eq!(slave["cache"]["modules"], 1);
    assert!(slave["nonces_per_second_1m"].as_f64().unwrap() > 0.0);
    assert_eq!(slave["master"], format!("http://{}/", master.address));
    program.signal(Signal::TERM);
    program.ended().await;
    assert_eq!(
        slaves(folder.path()),
        [] as [Value; 0],
        "it has ended in order"
    );
}

#[tokio::test]
async fn slaves_of_one_folder_are_shown_each() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let worker = script(folder.path(), "exec sleep 1000");
    let batches = [batch(&master, JOB, &[]), batch(&master, OTHER_JOB, &[1])];
    master.serve(mini("mini/satisfiability"), &batches);
    let worker = worker.to_str().unwrap();
    let _one = Program::start(&master, folder.path(), worker, &["--name", "rig-1"]);
    let is_at_work = |slave: &Value| slave["batch"]["algorithm_id"] == "c001_mini";
    // Before the other one starts, which could take both batches.
    until("the first is shown with its batch", || {
        slaves(folder.path()).first().is_some_and(is_at_work)
    })
    .await;
    let _other = Program::start(&master, folder.path(), "builtin", &["--name", "rig-2"]);
    until("both are shown, the first with its batch", || {
        let seen = slaves(folder.path());
        seen.len() == 2 && is_at_work(&seen[0])
    })
    .await;
    let folder = folder.path().join("algorithms");
    let output = tig_slave(&["status", folder.to_str().unwrap(), "--name", "rig-1"]);
    let shown = text(&output);
    assert!(shown.starts_with("rig-1: computing\n"), "{shown}");
    assert!(shown.contains("of c001_mini: 32 nonces, "), "{shown}");
    assert!(!shown.contains("rig-2"), "{shown}");
}

#[tokio::test]
async fn unreadable_folder_does_not_hide_the_others() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    // A file instead of a folder, which root cannot read either.
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::write(closed.join("status"), "").unwrap();
    let algorithms = folder.path().join("algorithms");
    let folders = [closed.to_str().unwrap(), algorithms.to_str().unwrap()];
    let look = || tig_slave(&["status", folders[0], folders[1]]);
    let output = look();
    assert_eq!(output.status.code(), Some(1), "nobody can say");
    let _program = Program::start(&master, folder.path(), "builtin", &["--name", "rig-1"]);
    until("the slave of the other folder is shown", || {
        let output = look();
        let noted = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(noted.contains("closed"), "{noted}");
        text(&output).starts_with("rig-1: ") && output.status.code() == Some(0)
    })
    .await;
}

#[tokio::test]
async fn failure_is_shown_with_its_cause() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let worker = script(folder.path(), "echo out of luck >&2\nexit 7");
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let worker = worker.to_str().unwrap();
    let _program = Program::start(&master, folder.path(), worker, &[]);
    until("the error is shown", || {
        let seen = slaves(folder.path());
        let last = seen
            .first()
            .map(|slave| slave["last_error"]["text"].to_string());
        last.is_some_and(|last| last.contains("out of luck"))
    })
    .await;
    assert_eq!(slaves(folder.path())[0]["errors"], 1);
}

fn doctor(arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let output = tig_slave(&[&["doctor"], arguments, &["--json"]].concat());
    let found: Value = serde_json::from_str(&text(&output)).unwrap();
    (
        output.status.code(),
        found["findings"].as_array().unwrap().clone(),
    )
}

fn level(findings: &[Value], part: &str) -> String {
    let mut found = findings.iter().filter(|finding| finding["part"] == part);
    found
        .next()
        .map_or("none", |finding| finding["level"].as_str().unwrap())
        .to_owned()
}

#[test]
fn doctor_finds_master_folder_and_worker() {
    let (mut master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let port = master.address.port().to_string();
    let algorithms = folder.path().join("algorithms");
    let algorithms = algorithms.to_str().unwrap();
    let usual = ["127.0.0.1", "builtin", algorithms, "--port", &port];
    let (code, findings) = doctor(&usual);
    assert_eq!(level(&findings, "master"), "warn", "an earlier master");
    assert_eq!(level(&findings, "known answer"), "ok", "{findings:?}");
    assert_eq!(level(&findings, "folder"), "ok");
    assert_eq!(code, Some(0), "{findings:?}");
    assert!(!Path::new(algorithms).exists(), "nothing is changed");
    assert_eq!(master.seen(|seen| seen.polls), 0, "no batch is taken");

    let wrong = script(folder.path(), "echo '{}'");
    let worker = [
        "127.0.0.1",
        wrong.to_str().unwrap(),
        algorithms,
        "--port",
        &port,
    ];
    let (code, findings) = doctor(&worker);
    assert_eq!(
        (code, level(&findings, "known answer")),
        (Some(11), "fail".to_owned())
    );
    master.go_away();
    let (code, findings) = doctor(&usual);
    assert_eq!(
        (code, level(&findings, "master")),
        (Some(11), "fail".to_owned())
    );
    for finding in findings.iter().filter(|finding| finding["level"] != "ok") {
        assert!(
            finding["remedy"]
                .as_str()
                .is_some_and(|remedy| remedy.len() > 10)
        );
    }
    let missing = ["127.0.0.1", "--token-file", "/no/such/file"];
    let (code, findings) = doctor(&missing);
    assert_eq!(
        (code, level(&findings, "settings")),
        (Some(11), "fail".to_owned())
    );
}
