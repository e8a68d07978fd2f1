//! `tig-host call`: what an operator asks extensions to do.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use futures_util::FutureExt;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tig_host::CallError;
use tokio::task::spawn_blocking;

use crate::support::{Home, HostProcess, Ran, fixture, wait_until, with_version};

/// The fixture `operated` in place of `recorder`.
fn home() -> Home {
    let home = Home::new();
    home.install("operated", &std::fs::read(fixture("operated")).unwrap());
    home.write_config(&config(&home));
    home
}

fn config(home: &Home) -> Value {
    let mut config = home.config();
    config["extensions"] = json!(["counter", "operated"]);
    config
}

/// A `tig-host call` that goes on.
struct Caller {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Caller {
    /// Calls `hold`, and waits until it has started.
    fn hold(home: &Home) -> Self {
        let mut caller = Self::start(home, &["call", "operated", "hold"]);
        assert_eq!(caller.next_note(), "held\n");
        caller
    }

    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tig-host"))
            .args(arguments)
            .current_dir(home.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdout: BufReader::new(child.stdout.take().unwrap()),
            stderr: BufReader::new(child.stderr.take().unwrap()),
            child,
        }
    }

    fn next_note(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(mut self) -> Ran {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code();
        Ran {
            code,
            stdout,
            stderr,
        }
    }
}

/// How often `hold` was started, and how many calls wait.
async fn held(host: &HostProcess) -> (u64, usize) {
    let held = host.get("/held").await;
    let tickets = held["tickets"].as_array().unwrap().len();
    (held["starts"].as_u64().unwrap(), tickets)
}

#[test]
fn command_shows_progress_value_and_code() {
    let home = home();
    let _host = home.start();
    let arguments = ["--text", "a\u{1b}[31mb", "--times=2", "--code", "3"];
    let call = [&["call", "operated", "echo"], &arguments[..]].concat();
    let ran = home.tig_host(&call);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(ran.stderr, "a\\u{1b}[31mb\na\\u{1b}[31mb\n");
    assert_eq!(ran.json()["times"], 2);

    let ran = home.tig_host(
        &[
            &call[..],
            &["--dry-run", "--tags", "1", "--tags", "x", "--json"],
        ]
        .concat(),
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(3), ""), "{ran:?}");
    let lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(lines[0]["started"]["ticket"].is_u64(), "{ran:?}");
    assert_eq!(
        lines[1..3],
        [json!({ "progress": "a\u{1b}[31mb" }), lines[1].clone()]
    );
    let value = json!({
        "text": "a\u{1b}[31mb", "times": 2, "tags": ["1", "x"], "dry_run": true, "code": 3
    });
    assert_eq!(
        lines[3..],
        [json!({ "finished": { "code": 3, "value": value } })]
    );
}

#[test]
fn commands_are_listed_with_their_arguments() {
    let home = home();
    let _host = home.start();
    let ran = home.tig_host(&["call"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for part in [
        "operated echo  Shows a text, and returns its arguments.",
        "    --text (string, required) What is shown.",
        "    --tags (array, optional) What comes with it.",
        "operated hold  Goes on until `release`.",
    ] {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
    let ran = home.tig_host(&["call", "counter"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "no commands\n"));
    let ran = home.tig_host(&["call", "operated", "release", "--help"]);
    let expected = "operated release  Ends all that is held.\n    --code (integer, required) Exit code of what was held.\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), expected));
    let listed = home.tig_host(&["call", "--json"]).json();
    assert_eq!(listed["extensions"][1]["name"], "operated");
    let code = &listed["extensions"][1]["commands"][2]["arguments"]["properties"]["code"];
    assert_eq!(code["maximum"], 255, "{listed}");
}

#[test]
fn wrong_names_and_arguments_are_refused_at_once() {
    let home = home();
    let host = home.start();
    let refused = |arguments: &[&str], code: i32, part: &str| {
        let ran = home.tig_host(&[&["call"], arguments].concat());
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.stderr.contains(part), "no {part:?} in {}", ran.stderr);
    };
    refused(&["operatd", "echo"], 8, "did you mean `operated`?");
    refused(&["operated", "ecko"], 8, "did you mean `echo`?");
    let faults = "times: expected a whole number, found the text \"x\"; also: txet: unknown key; did you mean `text`?; \
                  also: text: this key is missing: What is shown.";
    refused(
        &["operated", "echo", "--times", "x", "--txet", "a"],
        2,
        faults,
    );
    refused(&["operated", "echo", "--text"], 2, "--text has no value");
    refused(&["operated", "echo", "a", "b"], 2, "unexpected `b`");
    refused(
        &["--arguments", "none.json", "operated", "echo"],
        2,
        "none.json",
    );
    std::fs::write(home.path("a.json"), r#"{"text": "from a file"}"#).unwrap();
    let ran = home.tig_host(&["call", "operated", "echo", "--arguments", "a.json"]);
    assert_eq!(ran.json()["text"], "from a file");
    refused(
        &["operated", "fail"],
        8,
        "`fail` of `operated` has not started: ordered to fail",
    );
    refused(
        &["operated", "panic"],
        8,
        "extension `operated` has failed; see the host's log",
    );
    drop(host);
    refused(&["operated", "echo"], 7, "does not answer");
}

#[test]
fn refused_commands_end_no_probation() {
    let home = home();
    let _host = home.start();
    home.install("operated", &with_version("operated", "0.1.1"));
    assert_eq!(home.tig_host(&["reload", "operated"]).code, Some(0));
    // More than the failures that end a probation.
    for _ in 0..6 {
        assert_eq!(home.tig_host(&["call", "operated", "fail"]).code, Some(8));
    }
    let status = home.tig_host(&["status", "--json"]).json();
    let operated = &status["extensions"][1];
    assert_eq!(operated["version"], "0.1.1", "{operated}");
    let log = home.log();
    assert!(log.contains("command refused: ordered to fail"), "{log}");
    assert!(!log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn interrupted_call_leaves_the_command_running() {
    let home = home();
    let host = home.start();
    for signal in [Signal::INT, Signal::TERM] {
        let caller = Caller::hold(&home);
        caller.signal(signal);
        let ran = caller.end();
        assert_eq!(ran.code, Some(9), "{ran:?}");
        assert!(
            ran.stderr
                .contains("`hold` of `operated` goes on in the host"),
            "{ran:?}"
        );
    }
    assert_eq!(held(&host).await, (2, 2));
    let ran = home.tig_host(&["call", "operated", "release", "--code", "0"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "2\n"));
}

#[tokio::test]
async fn command_outlives_the_reload_of_its_extension() {
    let home = home();
    let host = home.start();
    let mut caller = Caller::hold(&home);
    std::fs::write(
        home.path("plugins/liboperated.so"),
        with_version("operated", "0.1.1"),
    )
    .unwrap();
    let ran = home.tig_host(&["reload", "operated"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = home.tig_host(&["call", "operated", "release", "--code", "4"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "1\n"), "{ran:?}");
    assert_eq!(caller.next_note(), "released\n");
    let ran = caller.end();
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(4), "done\nand\\u{7}dusted\n")
    );
    assert_eq!(held(&host).await, (1, 0));
}

#[tokio::test]
async fn rolled_back_start_is_one_call_for_its_caller() {
    let home = home();
    let host = home.start();
    std::fs::write(
        home.path("plugins/liboperated.so"),
        with_version("operated", "0.1.1"),
    )
    .unwrap();
    let ran = home.tig_host(&["reload", "operated"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // Started by the version on probation, whose storage is rolled back: the old version starts it again.
    let mut caller = Caller::hold(&home);
    let ran = home.tig_host(&["call", "operated", "break_successor"]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    home.wait_for_log(&["operated", "rejected", "0.1.0"]);
    assert_eq!(held(&host).await, (1, 1));
    let ran = home.tig_host(&["call", "operated", "release", "--code", "5"]);
    assert_eq!(ran.stdout, "1\n", "{ran:?}");
    assert_eq!(caller.next_note(), "released\n", "no line comes twice");
    assert_eq!(caller.end().code, Some(5));
}

#[test]
fn callers_of_a_host_that_is_killed_say_so() {
    let home = home();
    let host = home.start();
    let caller = Caller::hold(&home);
    host.kill();
    let ran = caller.end();
    assert_eq!(ran.code, Some(10), "{ran:?}");
    assert!(
        ran.stderr
            .contains("went away before `hold` of `operated` had ended"),
        "{ran:?}"
    );
}

#[tokio::test]
async fn waits_for_a_removed_extension_end() {
    let home = home();
    let _host = home.start();
    let caller = Caller::hold(&home);
    let mut config = home.config();
    config["extensions"] = json!(["counter"]);
    home.write_config(&config);
    home.tig_host(&["reload"]);
    let ran = caller.end();
    assert_eq!(ran.code, Some(10), "{ran:?}");
    assert!(
        ran.stderr.contains("extension `operated` was removed"),
        "{ran:?}"
    );
}

#[test]
fn waits_for_a_stopped_extension_end() {
    let home = home();
    let _host = home.start();
    let caller = Caller::hold(&home);
    for _ in 0..=tig_host::testing::RESTARTS_MAX {
        assert_eq!(home.tig_host(&["call", "operated", "panic"]).code, Some(8));
    }
    let ran = caller.end();
    assert_eq!(ran.code, Some(10), "{ran:?}");
    assert!(ran.stderr.contains("has failed too often"), "{ran:?}");
}

#[test]
fn closed_output_ends_the_caller_not_the_command() {
    let home = home();
    let _host = home.start();
    let mut caller = Caller::start(&home, &["call", "--json", "operated", "hold"]);
    let mut lines = caller.stdout.by_ref().lines();
    assert!(lines.next().unwrap().unwrap().contains("started"));
    assert!(lines.next().unwrap().unwrap().contains("held"));
    drop(caller.stdout);
    let ran = home.tig_host(&["call", "operated", "release", "--code", "6"]);
    assert_eq!(ran.stdout, "1\n", "{ran:?}");
    let mut said = String::new();
    caller.stderr.read_to_string(&mut said).unwrap();
    assert!(said.contains("standard output is closed"), "{said}");
    assert_eq!(caller.child.wait().unwrap().code(), Some(9));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_waited_for_are_bounded() {
    let home = home();
    let host = home.host_inside(&config(&home));
    let control = host.control();
    let mut calls = Vec::new();
    let error = loop {
        match control.call("operated", "hold", &json!({})).await {
            Ok(call) => calls.push(call),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CallError::TooManyWaited(_)), "{error}");
    calls.pop();
    let call = control.call("operated", "hold", &json!({})).await;
    assert!(call.is_ok(), "whoever goes away makes room");
    spawn_blocking(move || host.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn forgotten_calls_that_wait_are_bounded() {
    let home = Home::new();
    home.install("alarms", &std::fs::read(fixture("alarms")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["alarms"]);
    let host = home.host_inside(&config);
    let (control, folder) = (host.control(), home.folder.path());
    // Their callers go away at once.
    let call = |command: &str, arguments: &Value| {
        let call = control.call("alarms", command, arguments);
        call.now_or_never()
    };
    assert!(call("stall", &json!({ "folder": folder, "at_ms": 0 })).is_none());
    wait_until(|| folder.join("stalls").exists(), || "no call".to_owned());
    let set = json!({ "tag": "a", "at_ms": 0 });
    let refused = (0..1_000).find_map(|_| call("set", &set));
    let error = refused.expect("no call is refused").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`set` of `alarms` has not started: 256 calls wait for `alarms` already; try again when it has handled some"
    );
    std::fs::write(folder.join("go"), "").unwrap();
    let is_idle = || control.extensions()[0].waiting == 0;
    wait_until(is_idle, || "calls wait".to_owned());
    assert!(control.call("alarms", "set", &set).await.is_ok());
    spawn_blocking(move || host.stop()).await.unwrap();
}
