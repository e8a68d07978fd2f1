//! The host's log: what the plugin logs is shown, and what goes wrong elsewhere.

use std::time::Instant;

use serde_json::{Map, Value};

use super::child::{Lines, Tail};
use super::screen::Screen;
use super::throttle::{Pass, Throttle, next_or_pause};

/// Lines of the log in a second.
const LOG_LINES_MAX: usize = 25;
/// Members of a line that are shown in other ways.
const SHOWN_MEMBERS: [&str; 5] = ["timestamp", "level", "message", "extension", "spans"];

/// Shows the log until it ends, and keeps its last lines.
pub(super) async fn show(mut lines: Lines, plugin: String, screen: Screen, tail: Tail) {
    let mut throttle = Throttle::new(LOG_LINES_MAX, Instant::now());
    loop {
        let next = next_or_pause(lines.next(), || {
            if let Some(count) = throttle.take_left_out() {
                screen.show("log", &format!("{count} more lines"));
            }
        });
        let Some(line) = next.await else { return };
        let Ok(members) = serde_json::from_str(&line) else {
            // Not of the log: what a library prints, or the words of a process that dies.
            tail.push(&line);
            screen.show("log", &line);
            continue;
        };
        let text = text(&members);
        tail.push(&text);
        if !is_shown(&members, &plugin) {
            continue;
        }
        match throttle.pass(Instant::now()) {
            Pass::Show => screen.show("log", &text),
            Pass::ShowAfter(count) => {
                screen.show("log", &format!("{count} more lines"));
                screen.show("log", &text);
            }
            Pass::LeaveOut => {}
        }
    }
}

fn is_shown(members: &Map<String, Value>, plugin: &str) -> bool {
    let is = |name: &str, value: &str| members.get(name).is_some_and(|it| it == value);
    is("extension", plugin) || is("level", "WARN") || is("level", "ERROR")
}

/// `LEVEL extension: message  name=value`
fn text(members: &Map<String, Value>) -> String {
    let word = |name: &str| members.get(name).and_then(Value::as_str);
    let mut text = word("level").unwrap_or_default().to_owned();
    if let Some(extension) = word("extension") {
        text.push_str(&format!(" {extension}"));
    }
    text.push_str(&format!(": {}", word("message").unwrap_or_default()));
    for (name, value) in members {
        if SHOWN_MEMBERS.contains(&name.as_str()) || value.is_null() {
            continue;
        }
        match value.as_str() {
            Some(value) => text.push_str(&format!("  {name}={value}")),
            None => text.push_str(&format!("  {name}={value}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn line_of_the_plugin_or_a_warning_is_shown() {
        let line = |level: &str, extension: &str| {
            let line = json!({ "level": level, "extension": extension, "message": "m", "n": 3 });
            line.as_object().cloned().unwrap_or_default()
        };
        assert!(is_shown(&line("INFO", "own"), "own"));
        assert!(is_shown(&line("WARN", "other"), "own"));
        assert!(!is_shown(&line("INFO", "other"), "own"));
        assert_eq!(text(&line("INFO", "own")), "INFO own: m  n=3");
    }
}
