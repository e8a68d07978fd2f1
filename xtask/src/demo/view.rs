//! Progress on standard error: redrawn in place on a terminal, else one line per change.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::Duration;

use tig_process::standard_error;
use tig_system_tests::{LIAR, MORTAL, Slave};

use super::progress::{Progress, Row};
use crate::output;

/// Benchmarks shown at the same time, the newest ones.
const ROWS_MAX: usize = 12;
/// Characters of an id that tell it from the others.
const ID_PREFIX: usize = 8;

/// How progress is shown.
#[derive(Debug)]
pub(super) enum View {
    /// The number of lines that stand on the terminal.
    Live { drawn: usize },
    /// The last text printed of each benchmark and of each bad slave.
    Lines { printed: HashMap<String, String> },
}

impl View {
    /// The kind that fits standard error.
    pub(super) fn for_stderr() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Live { drawn: 0 }
        } else {
            Self::Lines {
                printed: HashMap::new(),
            }
        }
    }

    /// Shows what has changed.
    pub(super) fn show(&mut self, elapsed: Duration, progress: &Progress) {
        match self {
            Self::Live { drawn } => redraw(drawn, &frame(elapsed, progress)),
            Self::Lines { printed } => print_changes(printed, elapsed, progress),
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

fn frame(elapsed: Duration, progress: &Progress) -> Vec<String> {
    let mut lines = vec![format!(
        "block {} {}   {:.0} s",
        progress.height,
        prefix(&progress.block_id),
        elapsed.as_secs_f64()
    )];
    let hidden = progress.rows.len().saturating_sub(ROWS_MAX);
    if hidden > 0 {
        lines.push(format!("  ({hidden} earlier benchmarks)"));
    }
    lines.extend(
        progress.rows[hidden..]
            .iter()
            .map(|row| row_line(row, elapsed)),
    );
    let slaves = progress.slaves.iter();
    let slaves: Vec<_> = slaves.map(|slave| slave_text(slave, progress)).collect();
    lines.push(format!(
        "slaves: {}   queue: {} batches",
        slaves.join(", "),
        progress.queued
    ));
    lines
}

fn slave_text(slave: &Slave, progress: &Progress) -> String {
    let done = format!("{} {} batches done", slave.name, slave.batches);
    match fate(&slave.name, progress) {
        Some(fate) => format!("{done} and {fate}"),
        None => done,
    }
}

fn fate(slave: &str, progress: &Progress) -> Option<&'static str> {
    progress.faults.as_ref()?.fate(slave)
}

fn row_line(row: &Row, elapsed: Duration) -> String {
    let (id, challenge) = (
        prefix(&row.benchmark.benchmark_id),
        &row.benchmark.challenge,
    );
    let (stage, age) = (row.stage_text(), row.age(elapsed).as_secs_f64());
    format!("  {id}  {challenge:<16} {stage:<24} {age:>4.0} s")
}

fn print_changes(printed: &mut HashMap<String, String>, elapsed: Duration, progress: &Progress) {
    for slave in [LIAR, MORTAL] {
        let Some(fate) = fate(slave, progress) else {
            continue;
        };
        if printed.insert(slave.to_owned(), fate.to_owned()).is_none() {
            let seconds = elapsed.as_secs_f64();
            output::progress(&format!("{seconds:>5.1} s  slave {slave} {fate}"));
        }
    }
    for row in &progress.rows {
        let text = row.stage_text();
        let Row { benchmark, .. } = row;
        if printed.get(&benchmark.benchmark_id) == Some(&text) {
            continue;
        }
        output::progress(&format!(
            "{:>5.1} s  block {:<5} {}  {:<16} {text}",
            elapsed.as_secs_f64(),
            progress.height,
            prefix(&benchmark.benchmark_id),
            benchmark.challenge,
        ));
        printed.insert(benchmark.benchmark_id.clone(), text);
    }
}

fn prefix(id: &str) -> String {
    id.chars().take(ID_PREFIX).collect()
}
