//! `tig-host doctor` on a terminal, and without the one who waits for it.

use std::fs;
use std::path::Path;

use crate::support::{Home, wait_until};
use crate::terminal::Terminal;

/// Processes that observe in the folder of `home`.
fn observers(home: &Home) -> usize {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let is_observer = |process: &Path| {
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        let folder = fs::read_link(process.join("cwd")).unwrap_or_default();
        command.ends_with(b"observe\0") && folder == home.folder.path().canonicalize().unwrap()
    };
    processes.filter(|it| is_observer(&it.path())).count()
}

/// Whether a folder of a trial run is left.
fn is_left(home: &Home) -> bool {
    let mut entries = fs::read_dir(home.folder.path()).unwrap().flatten();
    entries.any(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with(".tig-host-doctor-")
    })
}

#[test]
fn doctor_shows_progress_on_a_terminal() {
    let home = Home::new();
    let Some(mut terminal) = Terminal::start(&home, "doctor config.json --wait 2") else {
        return;
    };
    assert_eq!(terminal.code(), Some(11), "{}", terminal.screen());
    let screen = terminal.screen();
    assert!(
        screen.contains("trial run of the extensions, at most 2 s .. 1 s"),
        "{screen}"
    );
    assert!(
        screen.contains("FAIL  api: http://127.0.0.1:1 cannot be reached"),
        "{screen}"
    );
}

#[test]
fn doctor_whose_terminal_closes_leaves_nothing() {
    let home = Home::new();
    let Some(terminal) = Terminal::start(&home, "doctor config.json --wait 600") else {
        return;
    };
    let is_running = || observers(&home) == 1 && is_left(&home);
    wait_until(is_running, || terminal.screen());
    drop(terminal);
    wait_until(
        || observers(&home) == 0,
        || "an observer is left".to_owned(),
    );
    wait_until(|| !is_left(&home), || "a folder is left".to_owned());
}

#[test]
fn doctor_that_is_interrupted_leaves_nothing() {
    let home = Home::new();
    let Some(mut terminal) = Terminal::start(&home, "doctor config.json --wait 600") else {
        return;
    };
    wait_until(|| observers(&home) == 1, || terminal.screen());
    terminal.answer("trial run", "\u{3}");
    assert_ne!(terminal.code(), Some(0), "{}", terminal.screen());
    wait_until(
        || observers(&home) == 0,
        || "an observer is left".to_owned(),
    );
    wait_until(|| !is_left(&home), || "a folder is left".to_owned());
}
