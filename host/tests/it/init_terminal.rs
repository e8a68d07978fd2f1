//! `tig-host init` on a terminal.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Home, fixture, wait_until};
use crate::terminal::Terminal;

const CTRL_C: &str = "\u{3}";
const KEY: &str = "k3y-of-the-operator";

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
