//! The program `tig-devnet` as a process.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tig_challenges::ChallengeKind::Satisfiability;

use crate::support::{API_KEY, PLAYER_ID, mini_wasm};

pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A folder with one algorithm and a key.
pub(crate) fn folder() -> tempfile::TempDir {
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

pub(crate) fn command(folder: &Path) -> Command {
    command_with(50, 7, folder)
}

pub(crate) fn command_with(block_ms: u32, seed: u64, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tig-devnet"));
    command
        .args(["--player-id", PLAYER_ID, "--exit-with-parent"])
        .args(["--block-ms", &block_ms.to_string()])
        .args(["--seed", &seed.to_string()])
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
pub(crate) fn url(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    line.trim_end()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned()
}

pub(crate) fn wait(mut child: Child) -> bool {
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

pub(crate) type Spoil<'a> = &'a dyn Fn(&Path, &mut Command);

/// Starts the program in a folder with something wrong.
#[track_caller]
pub(crate) fn check_refusal(folder: &Path, spoil: Spoil<'_>, expected: &str) {
    let mut command = command(folder);
    command.stderr(Stdio::piped()).env("RUST_LOG", "off");
    spoil(folder, &mut command);
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
}

/// Starts the program with `text` in the file of an option, which is not as it should be.
#[track_caller]
pub(crate) fn check_file_refusal(option: &str, text: impl AsRef<[u8]>, expected: &str) {
    let folder = folder();
    let spoil = |folder: &Path, command: &mut Command| {
        let path = folder.join("file.json");
        fs::write(&path, &text).unwrap();
        command.arg(option).arg(path);
    };
    check_refusal(folder.path(), &spoil, expected);
}
