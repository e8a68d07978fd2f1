//! What the screen shows of the benchmarks.

use std::time::Duration;

use tig_system_tests::{LIAR, MORTAL, Slave};

use super::progress::{Progress, Row};
use crate::screen::Change;

/// Benchmarks shown at the same time, the newest ones.
const ROWS_MAX: usize = 12;
/// Characters of an id that tell it from the others.
const ID_PREFIX: usize = 8;

/// All lines.
pub(super) fn frame(elapsed: Duration, progress: &Progress) -> Vec<String> {
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

/// What may have changed: the fate of each bad slave, and the stage of each benchmark.
pub(super) fn changes(progress: &Progress) -> Vec<Change> {
    let fates = [LIAR, MORTAL].into_iter().filter_map(|slave| {
        Some(Change {
            thing: slave.to_owned(),
            prefix: format!("slave {slave} "),
            text: fate(slave, progress)?.to_owned(),
        })
    });
    let rows = progress.rows.iter().map(|row| {
        let Row { benchmark, .. } = row;
        let id = prefix(&benchmark.benchmark_id);
        Change {
            thing: benchmark.benchmark_id.clone(),
            prefix: format!(
                "block {:<5} {id}  {:<16} ",
                progress.height, benchmark.challenge
            ),
            text: row.stage_text(),
        }
    });
    fates.chain(rows).collect()
}

fn prefix(id: &str) -> String {
    id.chars().take(ID_PREFIX).collect()
}
