//! Completions and manual pages, as shells and `man` read them.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::support::Home;

/// Runs a program of the system with `input`; `None` if it is not there, which is said.
fn run(program: &str, arguments: &[&str], input: &str) -> Option<Output> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("MANROFFSEQ", "");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = command.stderr(Stdio::piped()).spawn() else {
        // The harness shows it with the test.
        let _ = writeln!(std::io::stderr(), "skipped: {program} is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    Some(child.wait_with_output().unwrap())
}

fn assert_sound(output: Option<Output>, what: &str) {
    if let Some(output) = output {
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.is_empty(), "{what}: {text}");
    }
}

#[test]
fn cli_completions_are_sound_for_each_shell() {
    let home = Home::new();
    for (shell, arguments) in [
        ("bash", &["-n"][..]),
        ("zsh", &["-n"]),
        ("fish", &["--no-execute"]),
    ] {
        let ran = home.tig_host(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        for word in ["status", "events", "top", "doctor"] {
            assert!(ran.stdout.contains(word), "{shell} does not know {word}");
        }
        assert_sound(run(shell, arguments, &ran.stdout), shell);
    }
    for shell in ["elvish", "powershell"] {
        assert_eq!(home.tig_host(&["completions", shell]).code, Some(0));
    }
    assert_eq!(home.tig_host(&["completions", "cmd"]).code, Some(2));
}

#[test]
fn cli_manual_pages_have_no_warnings() {
    let home = Home::new();
    let ran = home.tig_host(&["man"]);
    assert!(
        ran.stdout.starts_with(".") && ran.stdout.contains("NAME"),
        "{ran:?}"
    );
    let ran = home.tig_host(&["man", "pages"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(home.path("pages")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let path = path.display().to_string();
        let output = run("man", &["--warnings", "-E", "UTF-8", "-l", &path], "");
        assert_sound(output, &name);
        names.push(name);
    }
    for name in ["tig-host.1", "tig-host-why.1", "tig-host-events-tail.1"] {
        assert!(names.iter().any(|it| it == name), "no {name} in {names:?}");
    }
    assert!(!names.iter().any(|it| it.contains("probe")), "{names:?}");
    std::fs::write(home.path("file"), "").unwrap();
    assert_eq!(home.tig_host(&["man", "file"]).code, Some(1));
}

#[test]
fn cli_help_names_every_command_and_code() {
    let home = Home::new();
    let help = home.tig_host(&["--help"]).stdout;
    for word in [
        "why",
        "panel",
        "events",
        "top",
        "pause",
        "resume",
        "completions",
        "man",
        "NO_COLOR",
        "10 its end",
        "`tig-host jobs",
    ] {
        assert!(help.contains(word), "no {word} in {help}");
    }
}
