//! How many tests passed, from what the test runners print, and how many of those were skipped, from what the tests say.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::AddAssign;

/// Passed, failed and skipped tests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: u32,
    pub(crate) failed: u32,
    pub(crate) skipped: u32,
}

impl Tally {
    /// One that passed.
    pub(crate) const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    /// One that failed.
    pub(crate) const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };

    /// A runner that failed before or after its tests counts as a failed test.
    pub(super) fn settled(mut self, success: bool) -> Self {
        if !success && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// So many of the tests that passed did nothing.
    pub(super) fn without_skipped(mut self, skipped: usize) -> Self {
        self.skipped += self.take_passed(skipped);
        self
    }

    /// So many of the tests that passed count as failed.
    pub(super) fn with_failed(mut self, failed: usize) -> Self {
        self.failed += self.take_passed(failed);
        self
    }

    fn take_passed(&mut self, tests: usize) -> u32 {
        let tests = u32::try_from(tests).map_or(self.passed, |number| number.min(self.passed));
        self.passed -= tests;
        tests
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Reads `Summary [ 1.2s] 5 tests run: 3 passed (1 slow), 1 failed, 1 timed out, 2 skipped`.
pub(super) fn count_nextest(text: &str) -> Tally {
    let counts = summary(text).split_once(" run: ");
    let mut tally = Tally::default();
    // Remarks in brackets count the same tests again.
    for (number, word) in numbers(&without_brackets(counts.map_or("", |(_, counts)| counts))) {
        match word {
            "passed" => tally.passed += number,
            "skipped" => {}
            _ => tally.failed += number,
        }
    }
    tally
}

/// Reads every `test result: ok. 3 passed; 1 failed; 0 ignored; ...`.
pub(super) fn count_libtest(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix("test result: "))
    {
        let counts = line.split_once(". ").map_or("", |(_, counts)| counts);
        for (number, word) in numbers(counts) {
            match word {
                "passed" => tally.passed += number,
                "failed" => tally.failed += number,
                _ => {}
            }
        }
    }
    tally
}

/// The summary of nextest; empty if there is none.
fn summary(text: &str) -> &str {
    let mut lines = text.lines();
    let summary = lines.rfind(|line| line.trim_start().starts_with("Summary ["));
    summary.unwrap_or_default()
}

/// How many tests failed first and passed then, in the brackets of the summary: `6 passed (1 slow, 1 flaky)`.
pub(super) fn count_second_tries(text: &str) -> usize {
    let counts = summary(text).split(['(', ',', ')']);
    let mut numbers = counts.filter_map(|part| part.trim().strip_suffix(" flaky")?.parse().ok());
    numbers.next().unwrap_or(0)
}

/// Those tests, as far as they are named: lines `FLAKY 2/2 [   0.020s] (1/3) package test`.
pub(super) fn second_tries(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| line.trim_start().starts_with("FLAKY "))
        .filter_map(|line| line.rsplit_once(") "))
        .map(|(_, test)| test)
        .collect()
}

/// Lines `skipped: <test>: <reason>`; a test that was tried again says so again.
pub(super) fn skipped_tests(text: &str) -> BTreeSet<&str> {
    text.lines()
        .filter(|line| line.starts_with("skipped: "))
        .collect()
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0;
    let outside = text.chars().filter(|char| {
        depth += i32::from(*char == '(');
        let outside = depth == 0;
        depth -= i32::from(*char == ')');
        outside
    });
    outside.collect()
}

/// The number and the first word of each part.
fn numbers(counts: &str) -> impl Iterator<Item = (u32, &str)> {
    counts.split([',', ';']).filter_map(|part| {
        let mut words = part.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nextest_summary_counts_every_test_once() {
        let check = |text, passed, failed| {
            let expected = Tally {
                passed,
                failed,
                skipped: 0,
            };
            assert_eq!(count_nextest(text), expected, "{text}");
        };
        check(
            "     Summary [   0.011s] 1 test run: 1 passed, 0 skipped",
            1,
            0,
        );
        check(
            "     Summary [  61.0s] 9/12 tests run: 6 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 2 skipped\n",
            6,
            3,
        );
        check("error: could not compile", 0, 0);
    }

    #[test]
    fn tests_passed_at_second_try_are_named_once() {
        let text = "  TRY 2 PASS [   0.020s] (2/3) fl flaky\n\
                    \x20    Summary [   0.409s] 3 tests run: 2 passed (1 flaky), 1 failed, 0 skipped\n\
                    \x20  FLAKY 2/2 [   0.020s] (1/3) fl flaky\n  TRY 2 FAIL [   0.182s] (3/3) fl bad\n";
        assert_eq!(Vec::from_iter(second_tries(text)), ["fl flaky"]);
        assert_eq!(count_second_tries(text), 1);
        let text_of_none = "     Summary [   0.011s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(count_second_tries(text_of_none), 0);
        let tally = count_nextest(text).with_failed(1);
        assert_eq!(tally.to_string(), "1 passed, 2 failed, 0 skipped");
    }

    #[test]
    fn libtest_results_add_up() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                    test a ... ok\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured\n";
        let expected = Tally {
            passed: 4,
            failed: 2,
            skipped: 0,
        };
        assert_eq!(count_libtest(text), expected);
    }

    #[test]
    fn a_failed_runner_without_failed_test_is_a_failure() {
        assert_eq!(Tally::default().settled(false), Tally::FAILED);
        assert_eq!(Tally::PASSED.settled(true), Tally::PASSED);
    }

    #[test]
    fn skipped_tests_are_not_passed_ones() {
        let text = "skipped: disk::a: needs root\nskipped: b: no namespaces\nskipped: disk::a: needs root\n";
        let skipped = skipped_tests(text);
        assert_eq!(skipped.len(), 2);
        let tally = Tally {
            passed: 5,
            failed: 1,
            skipped: 0,
        };
        let tally = tally.without_skipped(skipped.len());
        assert_eq!(tally.to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
