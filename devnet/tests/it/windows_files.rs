//! Key, players and fault files as Windows editors and people write them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{check_file_refusal, check_refusal, command, folder, url};
use crate::support::{API_KEY, PLAYER_ID};

#[test]
fn files_with_a_byte_order_mark_start_a_network() {
    let folder = folder();
    let other = "0x9999999999999999999999999999999999999999";
    for (name, text) in [
        ("key", format!("{API_KEY}\r\n")),
        (
            "players.json",
            format!("[{{\"player_id\": \"{other}\",\r\n\"api_key\": \"k\"}}]"),
        ),
        (
            "faults.json",
            "{\"rules\": [{\"fault\": \"html\", \"from_height\": 9.0}]}".to_owned(),
        ),
    ] {
        fs::write(folder.path().join(name), format!("\u{feff}{text}")).unwrap();
    }
    let mut command = command(folder.path());
    let file = |name: &str| folder.path().join(name);
    command.arg("--players").arg(file("players.json"));
    command.arg("--faults").arg(file("faults.json"));
    let mut child = command.spawn().unwrap();
    assert!(url(&mut child).starts_with("http://"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn slips_are_named_with_their_place() {
    let twice = format!(
        "[{{\"player_id\": \"{PLAYER_ID}\",\n \"api_key\": \"k\", \"api_key\": \"{API_KEY}\"}}]"
    );
    check_file_refusal(
        "--players",
        twice.as_bytes(),
        "file.json: the key \"api_key\" is given twice (line 2, column 2, and line 2, column 18)",
    );
    check_file_refusal(
        "--faults",
        b"{\"rules\": [] // none\n}",
        "file.json: JSON has no comments; remove this one (line 1, column 14)",
    );
    check_file_refusal(
        "--faults",
        b"{\"seed\": 1, \"seed\": 2}",
        "the key \"seed\" is given twice",
    );
    check_file_refusal(
        "--players",
        b"\xff\xfe[\0]\0",
        "file.json: it is UTF-16 text",
    );
}

#[test]
fn bad_key_files_are_refused_by_name() {
    for (text, expected) in [
        (String::new(), "key: it is empty"),
        (format!("{API_KEY}\nold"), "key: it has 2 lines"),
    ] {
        let folder = folder();
        let spoil = |folder: &Path, _: &mut Command| fs::write(folder.join("key"), &text).unwrap();
        check_refusal(folder.path(), &spoil, expected);
    }
}
