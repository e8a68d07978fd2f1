//! Tests that need what not every machine grants: root, namespaces, mounts, another user id.
//!
//! A skipped test passes, and test runners hide the output of tests that pass. So each skip is also a line of a file, which
//! `cargo xtask test` counts and shows.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Variable with the file to which each skip is appended.
pub const SKIPS_FILE_VARIABLE: &str = "TIG_TEST_SKIPS_FILE";
/// Variable that, when set to anything but nothing, makes a skip a failure.
pub const NO_SKIPS_VARIABLE: &str = "TIG_TEST_NO_SKIPS";

/// Says why the calling test does nothing here; return from the test afterwards.
///
/// # Panics
/// Skips are failures if [`NO_SKIPS_VARIABLE`] says so.
pub fn skip(reason: &str) {
    let test = running_test();
    let is_set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    assert!(
        is_set(NO_SKIPS_VARIABLE).is_none(),
        "{test} cannot run here: {reason}"
    );
    let line = line(&test, reason);
    // Shown by runners that show what passing tests print.
    let _ = io::stdout().write_all(line.as_bytes());
    if let Some(path) = is_set(SKIPS_FILE_VARIABLE)
        && let Err(error) = append(Path::new(&path), &line)
    {
        panic!("cannot count a skipped test in {}: {error}", path.display());
    }
}

/// One write, so that tests that run at the same time do not mix their lines.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = File::options().create(true).append(true).open(path)?;
    file.write_all(line.as_bytes())
}

fn line(test: &str, reason: &str) -> String {
    format!("skipped: {test}: {}\n", reason.replace('\n', " "))
}

/// Test runners name the thread of a test after it.
fn running_test() -> String {
    let thread = std::thread::current();
    match thread.name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => std::env::var("NEXTEST_TEST_NAME").unwrap_or_else(|_| "a test".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skip_line_names_test_and_reason() {
        let text = line(&running_test(), "needs\nroot");
        assert_eq!(
            text,
            "skipped: skip::tests::skip_line_names_test_and_reason: needs root\n"
        );
    }
}
