//! Settings files as Windows editors and people write them.

use std::fs;
use std::process::{Command, Output};

const SETTINGS: &str = r#"{"player_id": "p", "block_id": "b", "challenge_id": "c003",
    "algorithm_id": "a", "difficulty": [5, 10]}"#;

fn instance(text: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    fs::write(&path, text).unwrap();
    let mut worker = Command::new(env!("CARGO_BIN_EXE_tig-worker"));
    let worker = worker.arg("instance").arg(&path).args(["rh", "3"]);
    worker.output().unwrap()
}

#[test]
fn settings_with_a_byte_order_mark_are_read() {
    let output = instance(format!("\u{feff}{SETTINGS}\r\n").as_bytes());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn other_settings_files_are_named() {
    let utf_16: Vec<u8> = SETTINGS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (text, expected) in [
        (&utf_16[..], "settings.json: it is UTF-16LE text"),
        (
            b"{\"a\": 1,\n \"a\": 2}",
            "the key \"a\" is given twice (line 1, column 2, and line 2, column 2)",
        ),
        (
            b"{} // none",
            "no comments; remove this one (line 1, column 4)",
        ),
    ] {
        let output = instance(text);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected), "{error}");
    }
}
