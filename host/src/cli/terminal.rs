//! What is known of standard output: whether it is a terminal, how wide, and whether it wants colours.

use std::io::IsTerminal;
use std::time::{SystemTime, UNIX_EPOCH};

use super::output;
use super::panel::line::Line;

/// Variable of <https://no-color.org>.
const NO_COLOR: &str = "NO_COLOR";

/// Columns of a terminal that does not say how many it has.
const COLUMNS_DEFAULT: usize = 80;

/// Standard output as lines meet it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    /// Columns; `None` for a file or a pipe, whose lines are as long as they are.
    pub(super) width: Option<usize>,
    /// Whether lines have colours.
    pub(super) has_colours: bool,
}

impl Terminal {
    /// Standard output of this program.
    pub(super) fn of_stdout() -> Self {
        if !std::io::stdout().is_terminal() {
            return Self {
                width: None,
                has_colours: false,
            };
        }
        let columns = match crossterm::terminal::size() {
            Ok((columns, _)) if columns > 0 => columns.into(),
            _ => COLUMNS_DEFAULT,
        };
        Self {
            width: Some(columns),
            has_colours: has_colours(),
        }
    }

    /// Prints a line.
    pub(super) fn print(self, line: &Line) {
        if self.has_colours {
            output::line(&line.coloured());
        } else {
            output::line(&line.text());
        }
    }
}

/// Whether the environment wants colours.
pub(super) fn has_colours() -> bool {
    let is_set = std::env::var_os(NO_COLOR).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !is_set && !is_dumb
}

/// Unix milliseconds.
pub(super) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}
