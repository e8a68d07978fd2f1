//! The program `tig-devnet`: what it prints, when it stops, how it refuses to start.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tig_challenges::ChallengeKind::Satisfiability;

use crate::support::{API_KEY, PLAYER_ID, mini_wasm};

const DEADLINE: Duration = Duration::from_secs(60);

/// A folder with one algorithm and a key.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("algorithms/satisfiability")).unwrap();
    fs::write(
        folder.path().join("algorithms/satisfiability/mini.wasm"),
        mini_wasm(Satisfiability),
    )
    .unwrap();
    fs::write(folder.path().join("key"), format!("{API_KEY}\n")).unwrap();
    folder
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tig-devnet"));
    command
        .args([
            "--block-ms",
            "50",
            "--seed",
            "7",
            "--player-id",
            PLAYER_ID,
            "--exit-with-parent",
        ])
        .arg("--algorithms")
        .arg(folder.join("algorithms"))
        .arg("--api-key-file")
        .arg(folder.join("key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// The address in the first line of standard output.
fn url(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line.trim_end()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned()
}

fn wait(mut child: Child) -> bool {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("the program did not stop");
}

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
    let check = |spoil: &dyn Fn(&Path, &mut Command), expected: &str| {
        let folder = folder();
        let mut command = command(folder.path());
        command.stderr(Stdio::piped()).env("RUST_LOG", "off");
        spoil(folder.path(), &mut command);
        let mut child = command.spawn().unwrap();
        let mut text = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(!wait(child));
        assert!(
            text.starts_with("error: ") && text.trim_end().lines().count() == 1,
            "{text}"
        );
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains(API_KEY), "{text}");
    };
    let broken = "algorithms/satisfiability/mini.wasm";
    check(
        &|folder, _| fs::write(folder.join(broken), "nothing").unwrap(),
        "mini.wasm is no usable algorithm: ",
    );
    check(
        &|folder, _| fs::remove_file(folder.join("key")).unwrap(),
        "cannot read the API key file",
    );
    check(
        &|folder, _| fs::write(folder.join("key"), format!("{API_KEY} x")).unwrap(),
        "holds no key",
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
