//! `cargo xtask test`: everything that must pass, counted.

mod count;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Instant;

use tig_system_tests::SKIPS_FILE_VARIABLE;

use self::count::{Tally, count_libtest, count_nextest, skipped_tests};
use crate::workspace::{Workspace, run as run_command};
use crate::{Result, demo, output, tidy, wasm};

/// Skipped tests of the last run, in the target folder.
const SKIPS_FILE: &str = "skipped-tests.txt";

/// A step and what it amounts to.
type Step = (&'static str, fn(&Workspace) -> Result<Tally>);

/// Steps that need nothing but sources.
const SOURCES: [Step; 4] = [
    ("tidy", tidy),
    ("fmt", |workspace| {
        once(workspace.cargo("fmt --all --check"))
    }),
    ("clippy", |workspace| {
        once(workspace.cargo("clippy --quiet --workspace --all-targets -- -D warnings"))
    }),
    ("doc", |workspace| {
        once(
            workspace
                .cargo("doc --quiet --no-deps --workspace")
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    }),
];

/// Steps that the rest cannot do without.
const BUILD: [Step; 2] = [
    ("build", |workspace| {
        once(workspace.cargo("build --quiet --workspace"))
    }),
    ("wasm", |workspace| {
        wasm::build(workspace).map(|()| Tally::PASSED)
    }),
];

/// Steps that run what was built.
const TESTS: [Step; 3] = [
    ("tests", tests),
    ("doc tests", doc_tests),
    ("demo", |_| {
        demo::run(&demo::Options::json()).map(|()| Tally::PASSED)
    }),
];

/// Runs all steps and prints the count as the very last line.
pub(crate) fn run() -> ExitCode {
    let total = all_steps().unwrap_or_else(|error| {
        output::error(error.as_ref());
        Tally::FAILED
    });
    output::result(&total.to_string());
    match total.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// A step that fails stops only those that cannot do without it.
fn all_steps() -> Result<Tally> {
    let workspace = Workspace::load()?;
    let mut total = run_steps(&workspace, &SOURCES);
    let built = run_steps(&workspace, &BUILD);
    total += built;
    if built.failed == 0 {
        total += run_steps(&workspace, &TESTS);
    } else {
        output::progress("skipped: tests, doc tests and demo need the build");
    }
    Ok(total)
}

fn run_steps(workspace: &Workspace, steps: &[Step]) -> Tally {
    let mut total = Tally::default();
    for (name, step) in steps {
        output::progress(&format!("==> {name}"));
        let start = Instant::now();
        let tally = step(workspace).unwrap_or_else(|error| {
            output::error(error.as_ref());
            Tally::FAILED
        });
        let word = if tally.failed == 0 { "ok" } else { "FAILED" };
        let seconds = start.elapsed().as_secs_f64();
        output::progress(&format!("{word:<6} {name}: {tally}, {seconds:.1} s"));
        total += tally;
    }
    total
}

/// A command that passes or fails as a whole.
fn once(mut command: impl std::borrow::BorrowMut<Command>) -> Result<Tally> {
    run_command(command.borrow_mut()).map(|()| Tally::PASSED)
}

fn tidy(workspace: &Workspace) -> Result<Tally> {
    let complaints = tidy::check(workspace)?;
    for complaint in &complaints {
        output::progress(complaint);
    }
    Ok(if complaints.is_empty() {
        Tally::PASSED
    } else {
        Tally::FAILED
    })
}

/// All tests but doc tests, less those that say that they cannot run here.
fn tests(workspace: &Workspace) -> Result<Tally> {
    let path = workspace.target.join(SKIPS_FILE);
    // Those of an earlier run do not count.
    fs::write(&path, "")?;
    let tally = run_tests(workspace, &path)?;
    let text = fs::read_to_string(&path)?;
    let skipped = skipped_tests(&text);
    for line in &skipped {
        output::progress(line);
    }
    Ok(tally.without_skipped(skipped.len()))
}

/// With nextest where it is installed.
fn run_tests(workspace: &Workspace, skips: &Path) -> Result<Tally> {
    let mut nextest = workspace.cargo("nextest --version");
    let version = nextest.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if version.is_ok_and(|status| status.success()) {
        let mut nextest = workspace.cargo("nextest run --workspace --no-fail-fast");
        let (status, text) = capture(nextest.env(SKIPS_FILE_VARIABLE, skips))?;
        return Ok(count_nextest(&text).settled(status.success()));
    }
    output::progress("cargo-nextest is not installed, so `cargo test` runs the tests");
    let mut test =
        workspace.cargo("test --workspace --lib --bins --tests --examples --no-fail-fast");
    libtest(test.env(SKIPS_FILE_VARIABLE, skips))
}

fn doc_tests(workspace: &Workspace) -> Result<Tally> {
    libtest(&mut workspace.cargo("test --quiet --workspace --doc --no-fail-fast"))
}

fn libtest(command: &mut Command) -> Result<Tally> {
    let (status, text) = capture(command)?;
    Ok(count_libtest(&text).settled(status.success()))
}

/// Runs `command`, shows both outputs as they come, and returns them.
fn capture(command: &mut Command) -> Result<(ExitStatus, String)> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let text = std::thread::scope(|scope| {
        let errors = scope.spawn(|| stderr.map(show).unwrap_or_default());
        let output = stdout.map(show).unwrap_or_default();
        output + &errors.join().unwrap_or_default()
    });
    Ok((child.wait()?, text))
}

fn show(reader: impl Read) -> String {
    let mut text = String::new();
    let lines = BufReader::new(reader)
        .split(b'\n')
        .map_while(std::io::Result::ok);
    for line in lines {
        let line = String::from_utf8_lossy(&line);
        let _ = writeln!(std::io::stderr(), "{line}");
        text += &line;
        text.push('\n');
    }
    text
}
