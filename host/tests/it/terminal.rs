//! A program on a terminal of its own.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::support::{Home, wait_until};

/// A program on a terminal of its own, by `script` of util-linux.
pub(crate) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// `None` where there is no `script`.
    pub(crate) fn start(home: &Home, arguments: &str) -> Option<Self> {
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

    pub(crate) fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits for a question, and types.
    pub(crate) fn answer(&mut self, question: &str, typed: &str) {
        let is_asked = || self.screen().contains(question);
        wait_until(is_asked, || format!("no {question:?} in {}", self.screen()));
        self.keyboard.write_all(typed.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    pub(crate) fn code(&mut self) -> Option<i32> {
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
