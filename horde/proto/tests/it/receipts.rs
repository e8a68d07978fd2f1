//! Receipts in files.

use std::error::Error;

use crate::vectors::{examples, read};
use horde_proto::receipt::csv::RowError;
use horde_proto::receipt::jsonl::LineError;
use horde_proto::receipt::{JobStartedReceiptPayload, Receipt, ReceiptPayload, csv, jsonl};
use horde_proto::{ExecutorClass, Reason};

const MINER: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";
const SAMPLE: &str = "receipts.sample.csv";

fn receipts() -> Vec<Receipt> {
    let examples = examples("receipts.Receipt").into_iter();
    examples
        .map(|example| serde_json::from_value(example).unwrap())
        .collect()
}

fn rows(text: &[u8]) -> Vec<Result<Receipt, RowError>> {
    csv::read_rows(text).unwrap().collect()
}

fn written(receipts: &[Receipt]) -> String {
    let mut out = Vec::new();
    csv::write_rows(&mut out, receipts).unwrap();
    String::from_utf8(out).unwrap()
}

/// The sample with a part of one line replaced.
fn changed_sample(line: usize, from: &str, to: &str) -> String {
    let sample = read(SAMPLE);
    let lines = sample.split_inclusive("\r\n").zip(1..);
    let lines = lines.map(|(text, number)| {
        assert!(number != line || text.contains(from), "{text}");
        if number == line {
            text.replacen(from, to, 1)
        } else {
            text.to_owned()
        }
    });
    lines.collect()
}

/// The line and the fault of the only bad row.
fn only_fault(text: &str) -> (u64, String) {
    let mut faults = rows(text.as_bytes()).into_iter().filter_map(Result::err);
    let fault = faults.next().expect("a fault");
    assert!(faults.next().is_none(), "{text}");
    let source = fault.source().unwrap().to_string();
    match fault {
        RowError::Field { line, .. } | RowError::Shape { line, .. } => (line, source),
    }
}

#[test]
fn sample_is_read_verified_and_rewritten() {
    let sample = read(SAMPLE);
    let read: Vec<Receipt> = rows(sample.as_bytes())
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read.len(), 3);
    for (receipt, example) in read.iter().zip(receipts()) {
        assert_eq!(receipt.payload, example.payload);
        receipt.verify(MINER).unwrap();
    }
    assert_eq!(written(&read), sample);
}

#[test]
fn columns_come_in_any_order_with_others_between() {
    let receipts = receipts();
    let text = written(&receipts);
    let mut table: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    for row in &mut table {
        row.reverse();
        row.insert(5, "other");
    }
    let lines: Vec<String> = table.iter().map(|row| row.join(",")).collect();
    let read: Vec<Receipt> = rows(lines.join("\n").as_bytes())
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, receipts);
}

#[test]
fn bad_rows_are_named_and_the_others_read() {
    let second = "2024-11-28 15:03:12.345678+00:00";
    for (line, from, to, expected) in [
        (
            2,
            "False",
            "no",
            "`is_organic` is another text, not `True` or `False`",
        ),
        (
            2,
            ",53,",
            ",,",
            "`max_timeout` is another text, not an integer",
        ),
        (
            2,
            "spin_up-4min.gpu-24gb",
            "",
            "`executor_class` is \"\", not one of spin_up-4min.gpu-24gb, always_on.gpu-24gb, always_on.llm.a6000",
        ),
        (
            3,
            second,
            "yesterday",
            "`time_accepted` is \"yesterday\", not a time such as 2024-11-28T15:03:12.345678Z",
        ),
        (
            3,
            "JobAcceptedReceipt,0x",
            "X,0x",
            "`type` is \"X\", not one of JobStartedReceipt, JobAcceptedReceipt, JobFinishedReceipt",
        ),
        (
            4,
            ",JobFinishedReceipt,",
            ",JobStartedReceipt,",
            "`receipt_type` is \"JobStartedReceipt\", not one of JobFinishedReceipt",
        ),
    ] {
        let text = changed_sample(line, from, to);
        assert_eq!(only_fault(&text), (line as u64, expected.to_owned()));
    }
}

#[test]
fn kind_of_a_row_may_stand_in_one_column() {
    let text = changed_sample(4, ",JobFinishedReceipt,", ",,");
    assert!(rows(text.as_bytes()).iter().all(Result::is_ok));
}

#[test]
fn rows_of_another_shape_are_named() {
    let text = changed_sample(3, ",360,", ",360,,");
    let mut rows = rows(text.as_bytes()).into_iter();
    assert!(rows.next().unwrap().is_ok());
    let fault = rows.next().unwrap().unwrap_err();
    assert!(matches!(fault, RowError::Shape { line: 3, .. }), "{fault}");
    assert!(rows.next().unwrap().is_ok());
}

#[test]
fn bytes_that_are_not_text_are_named() {
    let mut bytes = read(SAMPLE).into_bytes();
    let at = bytes.iter().rposition(|byte| *byte == b'4').unwrap();
    bytes[at] = 0xff;
    let faults: Vec<RowError> = rows(&bytes).into_iter().filter_map(Result::err).collect();
    assert!(matches!(&faults[..], [RowError::Field { line: 4, source }]
        if matches!(source.reason, Reason::Type { .. })));
}

#[test]
fn files_that_hold_no_receipts_are_refused() {
    for (text, column) in [
        ("", "type"),
        ("<html>\n", "type"),
        ("\"type,", "type"),
        ("type,miner_signature\n", "validator_signature"),
        ("type,validator_signature\n", "miner_signature"),
    ] {
        let error = csv::read_rows(text.as_bytes()).err().unwrap();
        assert_eq!(error.column, column);
    }
}

#[test]
fn texts_of_any_kind_survive_a_csv_file() {
    let mut receipt = receipts().swap_remove(0);
    receipt.payload = ReceiptPayload::JobStarted(JobStartedReceiptPayload {
        job_uuid: "a,\"b\"\r\nc\0\u{1f600}".to_owned(),
        miner_hotkey: String::new(),
        validator_hotkey: "'".to_owned(),
        timestamp: "2024-11-28T15:03:12+05:30".parse().unwrap(),
        executor_class: ExecutorClass::AlwaysOnLlmA6000,
        max_timeout: i64::MIN,
        is_organic: true,
        ttl: i64::MAX,
    });
    let text = written(std::slice::from_ref(&receipt));
    let read: Vec<Receipt> = rows(text.as_bytes())
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(read, [receipt]);
}

#[test]
fn lines_are_written_and_read() {
    let receipts = receipts();
    let text = jsonl::write_lines(&receipts);
    assert_eq!(text.lines().count(), receipts.len());
    let page = jsonl::read_page(text.as_bytes());
    assert_eq!(page.complete_bytes, text.len());
    let read: Vec<Receipt> = page.rows.into_iter().map(Result::unwrap).collect();
    assert_eq!(read, receipts);
}

#[test]
fn pages_have_five_minutes_each() {
    let paths = [1_732_806_000, 1_732_806_299, 1_732_806_300];
    let paths = paths.map(|time| jsonl::page_path(jsonl::page_number(time)));
    let expected = ["5776020", "5776020", "5776021"].map(|page| format!("/receipts/{page}.jsonl"));
    assert_eq!(paths, expected);
}

#[test]
fn line_that_is_still_written_is_left_for_later() {
    let text = jsonl::write_lines(&receipts());
    let mut read = 0;
    let mut rows = 0;
    // A client that polls after every byte.
    for end in 0..=text.len() {
        let page = jsonl::read_page(&text.as_bytes()[read..end]);
        assert!(page.rows.iter().all(Result::is_ok));
        rows += page.rows.len();
        read += page.complete_bytes;
    }
    assert_eq!((read, rows), (text.len(), 3));
}

#[test]
fn bad_lines_are_named_and_the_others_read() {
    let good = receipts().swap_remove(0).to_text();
    let text = format!("{good}\n\n{{\n{{}}\n#\n{good}\r\n");
    let mut bytes = text.into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'#').unwrap();
    bytes[at] = 0xff;
    let page = jsonl::read_page(&bytes);
    let faults: Vec<&LineError> = page
        .rows
        .iter()
        .filter_map(|row| row.as_ref().err())
        .collect();
    assert!(matches!(
        faults[..],
        [
            LineError::Json { line: 3, .. },
            LineError::Field { line: 4, .. },
            LineError::Utf8 { line: 5, .. },
        ]
    ));
    assert_eq!(page.rows.len(), 5);
    assert_eq!(page.complete_bytes, bytes.len());
}
