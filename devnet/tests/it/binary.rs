//! The program `tig-devnet`: what it prints, when it stops, how it refuses to start.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{
    DEADLINE, Spoil, check_file_refusal, check_refusal, command, command_with, folder, url, wait,
};
use crate::support::{API_KEY, PLAYER_ID};

#[tokio::test]
async fn makes_blocks_until_its_standard_input_ends() {
    let folder = folder();
    let mut child = command(folder.path()).spawn().unwrap();
    let url = url(&mut child);
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let start = Instant::now();
    loop {
        let body = reqwest::get(format!("{url}/devnet/status"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let status: serde_json::Value = serde_json::from_str(&body).unwrap();
        if status["height"].as_u64().unwrap() >= 3 {
            break;
        }
        assert!(start.elapsed() < DEADLINE, "no blocks: {status}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(child.stdin.take());
    assert!(tokio::task::spawn_blocking(|| wait(child)).await.unwrap());
}

#[test]
fn stops_at_sigterm() {
    let folder = folder();
    let mut child = command(folder.path()).spawn().unwrap();
    url(&mut child);
    let stdin = child.stdin.take();
    assert!(
        Command::new("kill")
            .arg(child.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    assert!(wait(child));
    drop(stdin);
}

#[test]
fn a_start_that_fails_says_why_on_one_line() {
    let check = |spoil: Spoil<'_>, expected: &str| {
        let folder = folder();
        check_refusal(folder.path(), spoil, expected);
    };
    let broken = "algorithms/satisfiability/mini.wasm";
    check(
        &|folder, _| fs::write(folder.join(broken), "nothing").unwrap(),
        "mini.wasm is not a usable algorithm: ",
    );
    check(
        &|folder, _| fs::remove_file(folder.join("key")).unwrap(),
        "cannot read the API key file",
    );
    check(
        &|folder, _| fs::write(folder.join("key"), format!("{API_KEY} x")).unwrap(),
        "key: column 33 is not a visible ASCII character",
    );
    check(
        &|folder, _| fs::remove_dir_all(folder.join("algorithms")).unwrap(),
        "cannot read",
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    check(
        &|_, command| {
            command.args(["--port", &port]);
        },
        "cannot listen on 127.0.0.1:",
    );
}

#[test]
fn bad_player_and_fault_files_are_named_with_place() {
    let players = |text: &str, expected: &str| check_file_refusal("--players", text, expected);
    players(
        &format!("\"{API_KEY}\""),
        "file.json: . (line 1): must be a list of",
    );
    players(
        &format!("[{{\"player_id\": \"{PLAYER_ID}\", \"api_kei\": \"{API_KEY}\"}}]"),
        "file.json: [0].api_kei (line 1): ",
    );
    players(
        &format!("[{{\"player_id\": \"0x1\", \"api_key\": \"{API_KEY}\"}}]"),
        "file.json: [0].player_id: it has 1 hex digits",
    );
    let other = "0x9999999999999999999999999999999999999999";
    players(
        &format!("[{{\"player_id\": \"{other}\", \"api_key_file\": \"key\"}}]"),
        "have the same API key",
    );
    players(
        &format!("[{{\"player_id\": \"{PLAYER_ID}\", \"api_key\": \"k\"}}]"),
        "is named twice",
    );
    players(
        &format!("[{{\"player_id\": \"{other}\", \"api_key\": \"k\", \"balance\": -1}}]"),
        "[0].balance: must be 0 or more",
    );
    let faults = |text: &str, expected: &str| check_file_refusal("--faults", text, expected);
    faults(
        "{\"rules\": [{\"fault\": \"html\", \"rat\": 1}]}",
        "file.json: rules[0].rat is not as a fault plan must be: unknown field `rat`",
    );
    faults(
        "{\"rules\": [{\"fault\": \"html\", \"rate\": 2}]}",
        "file.json: rules[0].rate: 2 is not between 0 and 1",
    );
}

#[tokio::test]
async fn drawn_players_are_written_privately_and_reused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder();
    let path = folder.path().join("players.json");
    let mut first = command(folder.path());
    first.args(["--players", "2", "--write-players"]).arg(&path);
    let mut first = first.spawn().unwrap();
    let first_url = url(&mut first);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut second = command(folder.path());
    second.arg("--players").arg(&path);
    let mut second = second.spawn().unwrap();
    let second_url = url(&mut second);

    assert_eq!(written.as_array().unwrap().len(), 2);
    for url in [first_url, second_url] {
        let submit = |key: String| {
            let request = reqwest::Client::new().post(format!("{url}/submit-topup"));
            request.header("X-Api-Key", key).body("{}").send()
        };
        for player in written.as_array().unwrap() {
            let key = player["api_key"].as_str().unwrap();
            // The key is known; only then is the body looked at.
            assert_eq!(submit(key.to_owned()).await.unwrap().status(), 400);
        }
        assert_eq!(submit("another".to_owned()).await.unwrap().status(), 401);
    }
    for mut child in [first, second] {
        drop(child.stdin.take());
        assert!(tokio::task::spawn_blocking(|| wait(child)).await.unwrap());
    }
}

/// `ulimit -f 0` lets every write to a file fail.
#[test]
fn a_file_of_players_is_written_whole_or_not_at_all() {
    let folder = folder();
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    let path = keys.join("players.json");
    let mut program = command(folder.path());
    program
        .args(["--players", "2", "--write-players"])
        .arg(&path);
    let failed = Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args())
        .output()
        .unwrap();
    let text = String::from_utf8(failed.stderr).unwrap();
    assert!(text.contains("cannot write"), "{text}");
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 0);

    // Nothing is in the way of the next start.
    let mut command = command(folder.path());
    command.args(["--players", "2", "--write-players", "players.json"]);
    let mut child = command.current_dir(&keys).spawn().unwrap();
    url(&mut child);
    assert!(path.exists());
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 1);
    drop(child.stdin.take());
    assert!(wait(child));
}

#[tokio::test]
async fn blocks_on_order_need_the_token() {
    let folder = folder();
    let token_file = folder.path().join("token");
    fs::write(&token_file, "let-me-in\n").unwrap();
    let mut command = command_with(0, 7, folder.path());
    command.arg("--admin-token-file").arg(token_file);
    let mut child = command.spawn().unwrap();
    let url = url(&mut child);
    let advance = |token: &'static str| {
        let request = reqwest::Client::new().post(format!("{url}/devnet/admin/advance"));
        request.bearer_auth(token).body("{\"blocks\": 20}").send()
    };
    assert_eq!(advance("open sesame").await.unwrap().status(), 401);
    let answer = advance("let-me-in").await.unwrap().text().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["height"], 21);
    drop(child.stdin.take());
    assert!(tokio::task::spawn_blocking(|| wait(child)).await.unwrap());
}

#[tokio::test]
async fn a_file_copied_into_the_folder_becomes_usable() {
    let folder = folder();
    let mut child = command(folder.path()).spawn().unwrap();
    let url = url(&mut child);
    let mini = folder.path().join("algorithms/satisfiability/mini.wasm");
    fs::copy(&mini, mini.with_file_name("late.wasm")).unwrap();
    let start = Instant::now();
    loop {
        let state = reqwest::get(format!("{url}/devnet/state")).await.unwrap();
        let state: serde_json::Value = serde_json::from_str(&state.text().await.unwrap()).unwrap();
        let late = &state["algorithms"][1];
        if late["name"] == "late" && late["active"] == true {
            break;
        }
        assert!(start.elapsed() < DEADLINE, "{state}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(child.stdin.take());
    assert!(tokio::task::spawn_blocking(|| wait(child)).await.unwrap());
}
