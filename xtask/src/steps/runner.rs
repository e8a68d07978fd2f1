//! The test runners, and what they print while they run.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use tig_system_tests::SKIPS_FILE_VARIABLE;

use super::Tally;
use super::count::{count_libtest, count_nextest, count_second_tries, second_tries, skipped_tests};
use crate::workspace::Workspace;
use crate::{Result, output};

/// Tests that may pass at their second try only, in one run. Two processors are shared by hundreds of whole systems, so one of them can
/// wait too long without a fault; where several do, there is one.
const SECOND_TRIES_MAX: usize = 3;
/// Skipped tests of the last run, in the target folder.
const SKIPS_FILE: &str = "skipped-tests.txt";

/// All tests but doc tests, less those that say that they cannot run here.
pub(crate) fn tests(workspace: &Workspace) -> Result<Tally> {
    let path = workspace.target.join(SKIPS_FILE);
    // Those of an earlier run do not count.
    fs::write(&path, "")?;
    let tally = run(
        workspace,
        "--retries 1",
        "--lib --bins --tests --examples",
        Some(&path),
    )?;
    let text = fs::read_to_string(&path)?;
    let skipped = skipped_tests(&text);
    for line in &skipped {
        output::progress(line);
    }
    Ok(tally.without_skipped(skipped.len()))
}

/// Tests that lie beside the code: none starts a program.
pub(crate) fn unit_tests(workspace: &Workspace) -> Result<Tally> {
    run(workspace, "--lib --bins", "--lib --bins", None)
}

/// Tests in documentation.
pub(crate) fn doc_tests(workspace: &Workspace) -> Result<Tally> {
    libtest(&mut workspace.cargo("test --quiet --workspace --doc --no-fail-fast"))
}

/// Runs tests with nextest and its `options` where it is installed; tests write into `skips` that they cannot run here.
fn run(
    workspace: &Workspace,
    options: &str,
    targets_of_libtest: &str,
    skips: Option<&Path>,
) -> Result<Tally> {
    let skips = skips.map(|path| (SKIPS_FILE_VARIABLE, path));
    let mut nextest = workspace.cargo("nextest --version");
    let version = nextest.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if version.is_ok_and(|status| status.success()) {
        let arguments = format!("nextest run --workspace --no-fail-fast {options}");
        let (status, text) = capture(workspace.cargo(&arguments).envs(skips))?;
        for test in second_tries(&text) {
            output::progress(&format!("passed at the second try: {test}"));
        }
        let tally = count_nextest(&text).settled(status.success());
        let tries = count_second_tries(&text);
        return Ok(match tries > SECOND_TRIES_MAX {
            true => tally.with_failed(tries),
            false => tally,
        });
    }
    output::progress("cargo-nextest is not installed, so `cargo test` runs the tests");
    let arguments = format!("test --workspace --no-fail-fast {targets_of_libtest}");
    libtest(workspace.cargo(&arguments).envs(skips))
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
