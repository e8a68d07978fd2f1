//! `tig-host top` in a real terminal, which `script` of util-linux makes.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use vt100::Parser;

use crate::cli_ask::{paneled_home, start};
use crate::support::{Home, wait_until};

fn size(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("not zero")
}

/// A terminal in which `top` runs. What it writes goes to a screen that is read like a person does.
struct Screen {
    child: Child,
    keys: ChildStdin,
    parser: Arc<Mutex<Parser>>,
    home: Home,
}

impl Screen {
    fn open(home: Home) -> Self {
        // The shell notes where the terminal is, gives it a size, and says how `top` ended.
        let shell = format!(
            "tty > tty; stty rows 24 cols 80; {} top & echo $! > pid; fg > /dev/null; echo \"ended with $?\"; stty -a | grep -o -- '.echo ' ; sleep 600",
            env!("CARGO_BIN_EXE_tig-host")
        );
        let mut command = Command::new("script");
        command
            .args([
                "-q",
                "-f",
                "-c",
                &format!("bash -mc '{}'", shell.replace('\'', "'\\''")),
                "/dev/null",
            ])
            .current_dir(home.folder.path())
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().expect("`script` of util-linux");
        let parser = Arc::new(Mutex::new(Parser::new(size(24), size(80), 0)));
        let screen = Arc::clone(&parser);
        let mut stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = stdout.read(&mut bytes) {
                screen.lock().unwrap().process(&bytes[..count]);
            }
        });
        let keys = child.stdin.take().unwrap();
        Self {
            child,
            keys,
            parser,
            home,
        }
    }

    fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    fn is_other_screen(&self) -> bool {
        self.parser.lock().unwrap().screen().alternate_screen()
    }

    fn wait_for(&self, text: &str) {
        wait_until(
            || self.text().contains(text),
            || format!("no {text:?} on the screen:\n{}", self.text()),
        );
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn resize(&self, lines: u16, columns: u16) {
        self.parser
            .lock()
            .unwrap()
            .screen_mut()
            .set_size(size(lines), size(columns));
        let tty = std::fs::read_to_string(self.home.path("tty")).unwrap();
        let (lines, columns) = (lines.to_string(), columns.to_string());
        let mut command = Command::new("stty");
        command.args(["-F", tty.trim(), "rows", &lines, "cols", &columns]);
        assert!(command.status().unwrap().success());
    }

    /// The terminal is as it was: the usual screen, and keys are echoed.
    fn wait_for_end(&self, code: i32) {
        self.wait_for(&format!("ended with {code}"));
        assert!(!self.is_other_screen());
        self.wait_for(" echo ");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn cli_top_shows_acts_and_restores_the_terminal() {
    let home = paneled_home();
    let _host = start(&home);
    let mut screen = Screen::open(home);
    screen.wait_for("thing_lost");
    screen.wait_for("1 critical");
    assert!(screen.is_other_screen());
    screen.press("\t\t");
    screen.wait_for("日本語");
    screen.wait_for(r"mallory\u{1b}[2J\u{7}\nroot\u{202e}");
    screen.press("c");
    screen.wait_for("Cordon it?");
    screen.press("y");
    screen.wait_for("paneled: cordon done");
    screen.wait_for("cordoned");
    screen.resize(12, 40);
    screen.wait_for("alice");
    screen.resize(3, 5);
    screen.resize(30, 100);
    screen.wait_for("paneled: cordon done");
    // The next key takes the notice away.
    screen.press("g");
    screen.wait_for("? help");
    screen.press("p");
    screen.wait_for("p pause  r resume");
    screen.press("p");
    screen.wait_for("paneled: pause done");
    screen.press("q");
    screen.wait_for_end(0);
}

#[test]
fn cli_top_goes_on_when_the_host_restarts() {
    let home = paneled_home();
    let host = start(&home);
    let mut screen = Screen::open(home);
    screen.wait_for("thing_lost");
    host.kill();
    screen.wait_for("host not reachable, trying");
    let host = screen.home.start();
    wait_until(
        || !screen.text().contains("not reachable"),
        || format!("it does not find the host again:\n{}", screen.text()),
    );
    screen.wait_for("1 critical");
    screen.press("d");
    screen.wait_for("Drain the host?");
    screen.press("y");
    screen.wait_for("host not reachable");
    drop(host);
    // Ctrl-C.
    screen.press("\u{3}");
    screen.wait_for_end(0);
}

#[test]
fn cli_top_waits_for_a_host_and_heeds_signals() {
    let screen = Screen::open(paneled_home());
    screen.wait_for("host not reachable, trying");
    let id = std::fs::read_to_string(screen.home.path("pid")).unwrap();
    let id = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
    kill_process(id, Signal::TERM).unwrap();
    screen.wait_for_end(0);
}

#[test]
fn cli_top_ends_when_its_terminal_closes() {
    let home = paneled_home();
    let _host = start(&home);
    let mut screen = Screen::open(home);
    screen.wait_for("thing_lost");
    let id = std::fs::read_to_string(screen.home.path("pid")).unwrap();
    let process = Path::new("/proc").join(id.trim());
    assert!(process.exists());
    screen.child.kill().unwrap();
    wait_until(|| !process.exists(), || "top goes on".to_owned());
}

#[test]
fn cli_top_needs_a_terminal() {
    let home = paneled_home();
    let ran = home.tig_host(&["top"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("must be a terminal"), "{ran:?}");
}
