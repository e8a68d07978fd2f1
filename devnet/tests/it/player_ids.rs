//! Ids of players on the command line and in the file of players, as wallets show them and people copy them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{check_refusal, command, folder, url};
use crate::support::{API_KEY, PLAYER_ID};

/// An example of EIP-55, and how the network writes it.
const CHECKSUMMED: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const WRITTEN: &str = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";

fn players(player_id: &str) -> String {
    format!("[{{\"player_id\": \"{player_id}\", \"api_key\": \"k\"}}]")
}

/// The network's answer about the balance of a player.
async fn balance(url: &str, player_id: &str) -> reqwest::StatusCode {
    let get = |path: String| reqwest::get(format!("{url}{path}"));
    let status = get("/devnet/status".to_owned()).await.unwrap();
    let status: serde_json::Value = status.json().await.unwrap();
    let block_id = status["block_id"].as_str().unwrap();
    let path = format!("/get-fee-balance?block_id={block_id}&player_id={player_id}");
    get(path).await.unwrap().status()
}

#[tokio::test]
async fn usual_spellings_of_a_player_id_open_accounts() {
    let unprefixed = CHECKSUMMED[2..].to_uppercase();
    for spelling in [
        CHECKSUMMED,
        &unprefixed,
        &format!("0X{unprefixed}"),
        WRITTEN,
    ] {
        let folder = folder();
        let file = folder.path().join("players.json");
        fs::write(&file, players(spelling)).unwrap();
        let mut command = command(folder.path());
        command.arg("--players").arg(file);
        let mut child = command.spawn().unwrap();
        let url = url(&mut child);
        for player_id in [WRITTEN, PLAYER_ID] {
            assert_eq!(balance(&url, player_id).await, 200, "{spelling}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[tokio::test]
async fn player_id_option_takes_a_checksummed_address() {
    let folder = folder();
    let mut child = spelled(folder.path(), CHECKSUMMED).spawn().unwrap();
    assert_eq!(balance(&url(&mut child), WRITTEN).await, 200);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The program with this `--player-id`.
fn spelled(folder: &Path, player_id: &str) -> Command {
    let usual = command(folder);
    let mut command = Command::new(usual.get_program());
    let arguments = usual.get_args().map(|argument| match argument {
        argument if argument == PLAYER_ID => player_id.as_ref(),
        argument => argument,
    });
    command
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    command
}

#[test]
fn malformed_player_ids_are_named_with_the_reason() {
    for (player_id, reason) in [
        ("", "it is empty"),
        (&WRITTEN[..41], "it has 39 hex digits"),
        ("vitalik.eth", "which is not a hex digit"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", "EIP-55"),
    ] {
        let folder = folder();
        let spoil = |folder: &Path, command: &mut Command| {
            let path = folder.join("players.json");
            fs::write(&path, players(player_id)).unwrap();
            command.arg("--players").arg(path);
        };
        let place = format!("players.json: [0].player_id: {reason}");
        let expected = if reason.starts_with("it ") {
            &place
        } else {
            reason
        };
        check_refusal(folder.path(), &spoil, expected);
        let output = spelled(folder.path(), player_id).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains("--player-id"), "{text}");
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn player_named_in_two_spellings_is_refused() {
    let folder = folder();
    let text = format!(
        "[{{\"player_id\": \"{CHECKSUMMED}\", \"api_key\": \"k\"}},\n{{\"player_id\": \"{WRITTEN}\", \"api_key\": \"{API_KEY}2\"}}]"
    );
    let spoil = |folder: &Path, command: &mut Command| {
        let path = folder.join("players.json");
        fs::write(&path, &text).unwrap();
        command.arg("--players").arg(path);
    };
    check_refusal(
        folder.path(),
        &spoil,
        &format!("player {WRITTEN} is named twice"),
    );
}
