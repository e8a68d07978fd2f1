//! Runs the plugin's tests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::build::Cargo;
use super::child::Lines;
use super::error::DevError;
use super::package::{Package, cargo};
use super::screen::Screen;

/// Time for all tests, their build included.
const TESTS_TIMEOUT: Duration = Duration::from_secs(900);
/// Last lines of failing tests on screen.
const TEST_LINES_MAX: usize = 200;
/// Beginning of the line with the result of one test program.
const RESULT: &str = "test result: ";

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
}

/// Runs the tests and shows how they end; returns whether all have passed.
pub(super) async fn run_tests(
    cargo_settings: &Cargo,
    package: &Package,
    screen: &Screen,
) -> Result<bool, DevError> {
    let begun = Instant::now();
    let file = cargo();
    let program = cargo_settings.program(&file, package, &["test", "--quiet", "--no-fail-fast"]);
    let started = program.start(&cargo_settings.guard);
    let (mut child, outputs) = started.map_err(DevError::start("cargo"))?;
    let run = async {
        let (said, errors) = tokio::join!(read(outputs.output), read(outputs.errors));
        (said, errors, child.wait().await)
    };
    let Ok((said, errors, status)) = timeout(TESTS_TIMEOUT, run).await else {
        return Err(DevError::Slow {
            what: "the tests",
            seconds: TESTS_TIMEOUT.as_secs(),
        });
    };
    let is_passed = status.map_err(DevError::start("cargo"))?.success();
    let seconds = begun.elapsed().as_secs_f64();
    if is_passed {
        let passed = said.counts.passed;
        screen.show("tests", &format!("{passed} passed in {seconds:.1} s"));
        return Ok(true);
    }
    errors.show(screen);
    said.show(screen);
    let Counts { passed, failed } = said.counts;
    let text = match failed {
        0 => format!("not run to their end, after {seconds:.1} s"),
        _ => format!("{failed} failed, {passed} passed in {seconds:.1} s"),
    };
    screen.show("tests", &text);
    Ok(false)
}

/// What a test program has said.
#[derive(Default)]
struct Said {
    lines: VecDeque<String>,
    left_out: usize,
    counts: Counts,
}

impl Said {
    fn push(&mut self, line: String) {
        self.counts.add(&line);
        if self.lines.len() == TEST_LINES_MAX {
            self.lines.pop_front();
            self.left_out += 1;
        }
        self.lines.push_back(line);
    }

    fn show(&self, screen: &Screen) {
        if self.left_out > 0 {
            let text = format!("{} earlier lines are left out", self.left_out);
            screen.show("tests", &text);
        }
        for line in &self.lines {
            screen.pass_on(line);
        }
    }
}

impl Counts {
    /// Adds what a line says: `test result: ok. 3 passed; 0 failed; 0 ignored`.
    fn add(&mut self, line: &str) {
        let Some((_, numbers)) = line.split_once(RESULT) else {
            return;
        };
        let words: Vec<&str> = numbers.split([' ', ';']).collect();
        let number = |name: &str| {
            let mut pairs = words.windows(2);
            let pair = pairs.find(|pair| pair[1] == name);
            pair.and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        self.passed += number("passed");
        self.failed += number("failed");
    }
}

async fn read(mut lines: Lines) -> Said {
    let mut said = Said::default();
    while let Some(line) = lines.next().await {
        said.push(line);
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_programs_are_added() {
        let mut counts = Counts::default();
        counts.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        counts.add("test result: FAILED. 2 passed; 1 failed; 0 ignored");
        counts.add("running 3 tests");
        let (passed, failed) = (5, 1);
        assert_eq!(counts, Counts { passed, failed });
    }

    #[test]
    fn earlier_lines_are_left_out() {
        let mut said = Said::default();
        for number in 0..TEST_LINES_MAX + 3 {
            said.push(number.to_string());
        }
        assert_eq!((said.lines.len(), said.left_out), (TEST_LINES_MAX, 3));
        assert_eq!(said.lines[0], "3");
    }
}
