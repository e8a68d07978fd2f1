//! `tig-host init` on a terminal.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Home, fixture, wait_until};

const CTRL_C: &str = "\u{3}";
const KEY: &str = "k3y-of-the-operator";

/// A program on a terminal of its own, by `script` of util-linux.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// `None` where there is no `script`.
    fn start(home: &Home, arguments: &str) -> Option<Self> {
        let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_tig-host"));
        let started = Command::new("script")
            .args([
                "--quiet",
                "--flush",
                "--return",
                "--command",
                &command,
                "/dev/null",
            ])
            .current_dir(home.folder.path())
            .env("TERM", "xterm")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = started.ok()?;
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen = Arc::<Mutex<String>>::default();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                let text = String::from_utf8_lossy(&piece[..count]);
                shown.lock().unwrap().push_str(&text);
            }
        });
        Some(Self {
            child,
            keyboard,
            screen,
        })
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits for a question, and types.
    fn answer(&mut self, question: &str, typed: &str) {
        let is_asked = || self.screen().contains(question);
        wait_until(is_asked, || format!("no {question:?} in {}", self.screen()));
        self.keyboard.write_all(typed.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    fn code(&mut self) -> Option<i32> {
        let mut status = None;
        let child = &mut self.child;
        let ended = || {
            status = child.try_wait().unwrap();
            status.is_some()
        };
        let screen = Arc::clone(&self.screen);
        wait_until(ended, || format!("no end: {}", screen.lock().unwrap()));
        status.unwrap().code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn home() -> Home {
    let home = Home::new();
    home.install("fetcher", &fs::read(fixture("fetcher")).unwrap());
    let template = json!({ "extensions": ["counter"] });
    fs::write(
        home.path("plugins/config.example.json"),
        template.to_string(),
    )
    .unwrap();
    home
}

#[test]
fn init_asks_on_a_terminal_and_hides_the_key() {
    let home = home();
    let Some(mut terminal) = Terminal::start(&home, "init new --plugins plugins") else {
        return;
    };
    terminal.answer("account (Who counts)", "http://mine\r");
    terminal.answer("Address to listen on", "\r");
    terminal.answer("Port to listen on", "not\r");
    terminal.answer("give a number", "\u{7f}\u{7f}\u{7f}7123\r");
    terminal.answer("API key", &format!("{KEY}\r"));
    terminal.answer("Write new/config.json", "y\r");
    assert_eq!(terminal.code(), Some(0), "{}", terminal.screen());
    let config: Value =
        serde_json::from_slice(&fs::read(home.path("new/config.json")).unwrap()).unwrap();
    assert_eq!(config["account"], "http://mine");
    assert_eq!(
        (&config["bind"], &config["port"]),
        (&json!("127.0.0.1"), &json!(7123))
    );
    assert_eq!(config["api_key_file"], "api_key");
    assert_eq!(
        fs::read_to_string(home.path("new/api_key")).unwrap().trim(),
        KEY
    );
    assert!(!terminal.screen().contains(KEY), "{}", terminal.screen());
    assert!(!config.to_string().contains(KEY));
}

#[test]
fn init_that_is_interrupted_writes_nothing() {
    let home = home();
    for step in 0..3 {
        let Some(mut terminal) = Terminal::start(&home, "init new --plugins plugins") else {
            return;
        };
        let questions = [
            ("account (", "http://mine\r"),
            ("Address to listen on", "\r"),
            ("Port to listen on", "\r"),
        ];
        for (question, answer) in &questions[..step] {
            terminal.answer(question, answer);
        }
        terminal.answer(questions[step].0, CTRL_C);
        assert_eq!(terminal.code(), Some(1), "{}", terminal.screen());
        let is_said = || terminal.screen().contains("nothing was written");
        wait_until(is_said, || terminal.screen());
        assert!(!home.path("new").exists());
    }
}

#[test]
fn init_on_a_terminal_takes_no_for_an_answer() {
    let home = home();
    let flags = "init new --plugins plugins --account http://a --bind 127.0.0.1 --port 0";
    let Some(mut terminal) = Terminal::start(&home, flags) else {
        return;
    };
    terminal.answer("API key", "\r");
    terminal.answer("Write new/config.json", "n\r");
    assert_eq!(terminal.code(), Some(1), "{}", terminal.screen());
    assert!(!home.path("new").exists());
}
