//! Progress on standard error: redrawn in place on a terminal, else one line per change.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::Duration;

use tig_process::standard_error;

use crate::output;

/// How progress is shown.
#[derive(Debug)]
pub(crate) enum Screen {
    /// The number of lines that stand on the terminal.
    Live { drawn: usize },
    /// The last text printed of each thing.
    Lines { printed: HashMap<String, String> },
}

/// What a thing is now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Change {
    /// The thing: its text is printed when it differs from the last one.
    pub(crate) thing: String,
    /// Printed before the text; a line is not printed because this differs.
    pub(crate) prefix: String,
    /// The text.
    pub(crate) text: String,
}

impl Screen {
    /// The kind that fits standard error.
    pub(crate) fn for_stderr() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Live { drawn: 0 }
        } else {
            Self::Lines {
                printed: HashMap::new(),
            }
        }
    }

    /// Shows these lines in place of the ones before, or what has changed since.
    pub(crate) fn show(
        &mut self,
        elapsed: Duration,
        frame: impl FnOnce() -> Vec<String>,
        changes: impl FnOnce() -> Vec<Change>,
    ) {
        match self {
            Self::Live { drawn } => redraw(drawn, &frame()),
            Self::Lines { printed } => {
                for line in new_lines(printed, elapsed, changes()) {
                    output::progress(&line);
                }
            }
        }
    }
}

fn redraw(drawn: &mut usize, lines: &[String]) {
    // Up to the first line, then erase everything below.
    let mut text = match *drawn {
        0 => String::new(),
        count => format!("\x1b[{count}A\x1b[J"),
    };
    for line in lines {
        text += line;
        text.push('\n');
    }
    *drawn = lines.len();
    standard_error::write(text.into_bytes());
}

/// A line for each thing whose text differs from the last one printed.
fn new_lines(
    printed: &mut HashMap<String, String>,
    elapsed: Duration,
    changes: Vec<Change>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for change in changes {
        if printed.get(&change.thing) == Some(&change.text) {
            continue;
        }
        let seconds = elapsed.as_secs_f64();
        let Change {
            thing,
            prefix,
            text,
        } = change;
        lines.push(format!("{seconds:>5.1} s  {prefix}{text}"));
        printed.insert(thing, text);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_changed_text_is_printed() {
        let mut printed = HashMap::new();
        let mut lines = |prefix: &str, text: &str| {
            let change = Change {
                thing: "pool".to_owned(),
                prefix: prefix.to_owned(),
                text: text.to_owned(),
            };
            new_lines(&mut printed, Duration::from_millis(1_500), vec![change])
        };
        assert_eq!(lines("block 1  ", "empty"), ["  1.5 s  block 1  empty"]);
        assert!(lines("block 2  ", "empty").is_empty());
        assert_eq!(lines("block 3  ", "full"), ["  1.5 s  block 3  full"]);
    }
}
