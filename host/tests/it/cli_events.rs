//! `tig-host events tail` beside a host that comes and goes.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cli_ask::{paneled_home, start};
use crate::support::{Home, HostProcess, PATIENCE, wait_until};

/// A running `events tail`; ended when it is dropped.
struct Tail {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<ChildStderr>,
}

impl Tail {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tig-host"));
        command.args(["events", "tail"]).args(arguments);
        command.current_dir(home.folder.path()).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = child.stderr.take();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut read = stdout.lines().map_while(Result::ok);
            read.all(|line| sender.send(line).is_ok())
        });
        Self {
            child,
            lines,
            stderr,
        }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("an event")
    }

    /// The next event that holds `text`.
    fn wait_for(&self, text: &str) -> String {
        loop {
            let line = self.next();
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Exit code after Ctrl-C, and what it has said.
    fn interrupt(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let status = self.child.wait().unwrap();
        let mut said = String::new();
        let mut stderr = self.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        (status.code(), said)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn say(host: &HostProcess, text: &str) {
    let url = format!("{}/say", host.url());
    let request = reqwest::Client::new().post(url).body(text.to_owned());
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn cli_events_come_live_and_are_harmless() {
    let home = paneled_home();
    let host = start(&home);
    say(&host, "before").await;
    let tail = Tail::start(&home, &["--extension", "paneled", "--name", "said"]);
    let first = tail.next();
    assert!(
        first.ends_with(r#"paneled  said  {"text":"before"}"#),
        "{first}"
    );
    say(&host, "a\u{1b}[2J\nb\u{202e}").await;
    let next = tail.next();
    assert!(
        next.ends_with(r#"{"text":"a\u001b[2J\nb\u{202e}"}"#),
        "{next}"
    );
    assert_eq!(tail.interrupt(), (Some(0), String::new()));
}

#[tokio::test]
async fn cli_events_json_begins_where_it_is_told() {
    let home = paneled_home();
    let host = start(&home);
    for text in ["one", "two", "three"] {
        say(&host, text).await;
    }
    let tail = Tail::start(&home, &["--name", "said", "--json", "-n", "2"]);
    let event: Value = serde_json::from_str(&tail.next()).unwrap();
    assert_eq!(event["payload"]["text"], "two");
    let since = event["seq"].to_string();
    let later = Tail::start(&home, &["--name", "said", "--json", "--since", &since]);
    let event: Value = serde_json::from_str(&later.next()).unwrap();
    assert_eq!(event["payload"]["text"], "three");
    let raised = Tail::start(&home, &["--name", "condition_raised"]);
    assert!(raised.next().contains("thing_"), "the host's own events");
}

#[tokio::test]
async fn cli_events_go_on_when_the_host_restarts() {
    let home = paneled_home();
    let host = start(&home);
    let tail = Tail::start(&home, &["--name", "said"]);
    say(&host, "first life").await;
    tail.wait_for("first life");
    host.kill();
    let host = start(&home);
    say(&host, "second life").await;
    tail.wait_for("second life");
    let (code, said) = tail.interrupt();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("waiting for it"), "{said}");
    assert!(said.contains("a host runs again"), "{said}");
}

#[tokio::test]
async fn cli_events_end_when_nobody_reads() {
    let home = paneled_home();
    let host = start(&home);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tig-host"));
    command
        .args(["events", "tail"])
        .current_dir(home.folder.path());
    let closed = std::io::pipe().unwrap().1;
    let mut child = command.stdin(Stdio::null()).stdout(closed).spawn().unwrap();
    say(&host, "into the void").await;
    let mut status = None;
    let ended = || {
        status = child.try_wait().unwrap();
        status.is_some()
    };
    wait_until(ended, || "it goes on".to_owned());
    assert_eq!(status.unwrap().code(), Some(0));
}
