//! Chromium without a window, driven by its DevTools protocol over a pipe: JSON messages that end with a zero byte.
//!
//! Invariant: the browser ends when the pipe does, however the test ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tig_system_tests::wait_for;

/// Time for the browser to answer one message.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Time for the browser to end by itself.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// Name of the program.
const PROGRAM: &str = "chromium";
/// The browser's ends of the pipe are the descriptors 3 and 4.
const SCRIPT: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// A name that leads to this machine and is not one of its own.
pub(crate) const FOREIGN_NAME: &str = "operator.example";

const ARGUMENTS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP operator.example 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "about:blank",
];

/// A running browser.
pub(crate) struct Chromium {
    child: Child,
    requests: Mutex<Option<ChildStdin>>,
    inbox: Arc<Inbox>,
    last_id: AtomicU64,
    // Removed last.
    _profile: TempDir,
}

/// What the browser has sent.
#[derive(Default)]
struct Inbox {
    received: Mutex<Received>,
    arrived: Condvar,
}

#[derive(Default)]
struct Received {
    /// By id of the request.
    answers: HashMap<u64, Value>,
    events: Vec<Value>,
    is_closed: bool,
}

impl Chromium {
    /// Whether the browser is installed.
    pub(crate) fn is_installed() -> bool {
        let mut version = Command::new(PROGRAM);
        let version = version.arg("--version");
        let status = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Starts it with an empty profile.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, PROGRAM])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(ARGUMENTS)
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let requests = child.stdin.take();
        let replies = child.stdout.take().unwrap();
        let inbox = Arc::new(Inbox::default());
        thread::spawn({
            let inbox = Arc::clone(&inbox);
            move || inbox.receive(replies)
        });
        Self {
            child,
            requests: Mutex::new(requests),
            inbox,
            last_id: AtomicU64::new(0),
            _profile: profile,
        }
    }

    /// Calls a method of the protocol, in a session if there is one.
    pub(crate) fn call(&self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let mut requests = self.requests.lock().unwrap();
        requests.as_mut().unwrap().write_all(&bytes).unwrap();
        drop(requests);
        let answer = self.inbox.answer(id);
        let mut answer = answer.unwrap_or_else(|| panic!("{PROGRAM} did not answer {method}"));
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    /// Events of a session so far.
    pub(crate) fn events(&self, session: &str) -> Vec<Value> {
        let received = self.inbox.received.lock().unwrap();
        let events = received.events.iter();
        let events = events.filter(|event| event["sessionId"] == session);
        events.cloned().collect()
    }
}

impl Inbox {
    fn receive(&self, replies: ChildStdout) {
        for message in BufReader::new(replies).split(0) {
            let Ok(message) = message else { break };
            let Ok(message) = serde_json::from_slice::<Value>(&message) else {
                continue;
            };
            let mut received = self.received.lock().unwrap();
            match message["id"].as_u64() {
                Some(id) => {
                    received.answers.insert(id, message);
                }
                None => received.events.push(message),
            }
            self.arrived.notify_all();
        }
        self.received.lock().unwrap().is_closed = true;
        self.arrived.notify_all();
    }

    fn answer(&self, id: u64) -> Option<Value> {
        let received = self.received.lock().unwrap();
        let waiting =
            |received: &mut Received| !received.answers.contains_key(&id) && !received.is_closed;
        let waited = self
            .arrived
            .wait_timeout_while(received, ANSWER_TIMEOUT, waiting);
        waited.unwrap().0.answers.remove(&id)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        if let Ok(requests) = self.requests.get_mut() {
            *requests = None;
        }
        let child = &mut self.child;
        let ended = wait_for("the browser's end", END_TIMEOUT, || {
            child.try_wait().ok().flatten()
        });
        if ended.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
