//! The result of a batch as a table for people.

use horde_events::{BatchReport, ClassReport, MinerReport};
use serde::Deserialize;
use serde_json::Value;
use tig_process::output;

/// Longest reason that is shown, in characters: the last column, so that it breaks no other; `horde_batch` gives no longer ones.
const REASON_CHARS_MAX: usize = 320;

const HEAD: [&str; 9] = [
    "MINER", "CLASS", "OFFERED", "JOBS", "RIGHT", "WRONG", "FAILED", "SCORE", "WHY",
];

/// Prints the result: a line for each miner and class, and one for the batch.
pub(crate) fn print(value: &Value) {
    match BatchReport::deserialize(value) {
        Ok(report) => {
            output::table(&rows(&report));
            for note in &report.notes {
                let text = format!("{}: {}", note.executor_class, note.text);
                output::line(&escaped(&text));
            }
            output::line(&last_line(&report));
        }
        // A result of another version is better than none.
        Err(_) => output::line(&value.to_string()),
    }
}

fn rows(report: &BatchReport) -> Vec<Vec<String>> {
    let head = HEAD.map(str::to_owned).to_vec();
    let miners = report.miners.iter().flat_map(miner_rows);
    std::iter::once(head).chain(miners).collect()
}

fn miner_rows(miner: &MinerReport) -> Vec<Vec<String>> {
    let name = format!("{}:{} {}", miner.host, miner.port, miner.hotkey);
    if miner.classes.is_empty() {
        let why = miner.no_link.as_deref().unwrap_or("its manifest is empty");
        let mut row = vec![name];
        row.resize(HEAD.len() - 1, "-".to_owned());
        row.push(shown(why));
        return vec![row];
    }
    miner
        .classes
        .iter()
        .map(|class| class_row(&name, class))
        .collect()
}

fn class_row(name: &str, class: &ClassReport) -> Vec<String> {
    let failed = class.failed + class.declined + class.late + class.unreachable;
    let spared = class.excused + class.interrupted;
    let failed = match spared {
        0 => failed.to_string(),
        _ => format!("{failed} (+{spared} excused)"),
    };
    vec![
        name.to_owned(),
        class.executor_class.clone(),
        class.announced.to_string(),
        class.jobs.to_string(),
        class.right.to_string(),
        class.wrong.to_string(),
        failed,
        format!("{:.4}", class.score),
        class.reason.as_deref().map(shown).unwrap_or_default(),
    ]
}

fn last_line(report: &BatchReport) -> String {
    let classes = || report.miners.iter().flat_map(|miner| &miner.classes);
    let jobs: u32 = classes().map(|class| class.jobs).sum();
    let right: u32 = classes().map(|class| class.right).sum();
    let milliseconds = report.ended_ms.saturating_sub(report.started_ms);
    format!(
        "batch {} {}: {right} of {jobs} jobs right, {} miners, {}.{:03} s",
        report.number,
        report.end.name(),
        report.miners.len(),
        milliseconds / 1000,
        milliseconds % 1000
    )
}

/// A text of a miner, without control characters and not too long.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(REASON_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push_str("..");
    }
    escaped(&shown)
}

fn escaped(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use horde_events::BatchEnd;

    use super::*;

    fn report() -> BatchReport {
        let class = ClassReport {
            executor_class: "c".to_owned(),
            announced: 3,
            jobs: 2,
            accepted: 2,
            right: 1,
            late: 1,
            interrupted: 1,
            score: 0.5,
            reason: Some("late \u{1b}[2J".to_owned()),
            ..ClassReport::default()
        };
        let miner = |name: &str, no_link: Option<&str>, classes| MinerReport {
            hotkey: format!("5{name}"),
            host: name.to_owned(),
            port: 1,
            no_link: no_link.map(str::to_owned),
            classes,
        };
        BatchReport {
            number: 7,
            batch: "b".to_owned(),
            end: BatchEnd::Stored,
            started_ms: 1_000,
            ended_ms: 3_050,
            cycle_start: None,
            weights_version: 1,
            notes: Vec::new(),
            miners: vec![
                miner("a", None, vec![class]),
                miner("b", Some("refused"), Vec::new()),
            ],
        }
    }

    #[test]
    fn each_miner_has_a_row_with_its_reason() {
        let rows = rows(&report());
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row.len() == HEAD.len()));
        assert_eq!(rows[1][6..], ["1 (+1 excused)", "0.5000", "late  [2J"]);
        assert_eq!(rows[2][0], "b:1 5b");
        assert_eq!(rows[2].last().map(String::as_str), Some("refused"));
    }

    #[test]
    fn last_line_sums_the_batch_up() {
        assert_eq!(
            last_line(&report()),
            "batch 7 stored: 1 of 2 jobs right, 2 miners, 2.050 s"
        );
    }

    #[test]
    fn long_reasons_are_cut() {
        assert_eq!(shown(&"é".repeat(320)).chars().count(), 320);
        assert_eq!(shown(&"é".repeat(330)).chars().count(), 322);
    }
}
