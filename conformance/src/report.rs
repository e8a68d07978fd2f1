//! Outcome of a file, and how it is shown.

use std::fmt;

/// Failures of one file that are shown by name.
pub const FAILURES_SHOWN_MAX: usize = 10;

/// A case that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Id of the case.
    pub id: String,
    /// Kind of the case.
    pub kind: String,
    /// The difference.
    pub difference: String,
}

/// Numbers of cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases that agree with the original, and deviations that keep their law.
    pub passed: usize,
    /// Cases that do neither.
    pub failed: usize,
    /// Passed cases that are deviations.
    pub deviations: usize,
    /// Cases that need something that is not here.
    pub skipped: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.deviations += other.deviations;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Outcome of the cases of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReport {
    /// Numbers.
    pub tally: Tally,
    /// All failures, in the order of the file.
    pub failures: Vec<Failure>,
    /// Why cases were skipped, each reason once.
    pub skipped: Vec<String>,
}

/// Outcome of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOutcome {
    /// The cases were run.
    Ran(FileReport),
    /// It was not run, for this reason.
    Skipped(&'static str),
    /// It has a known name, but not the format.
    Unreadable(String),
}

impl FileOutcome {
    /// Its numbers; a file that cannot be read is one failure.
    pub fn tally(&self) -> Tally {
        match self {
            Self::Ran(report) => report.tally,
            Self::Skipped(_) => Tally::default(),
            Self::Unreadable(_) => Tally {
                failed: 1,
                ..Tally::default()
            },
        }
    }
}

impl fmt::Display for FileOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ran(report) => write!(f, "{report}"),
            Self::Skipped(reason) => f.write_str(reason),
            Self::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally {
            passed,
            failed,
            deviations,
            skipped,
        } = self.tally;
        let cases = passed + failed + skipped;
        write!(f, "{cases} cases, {passed} passed, {failed} failed")?;
        if deviations > 0 {
            write!(f, ", {deviations} of the passed are deviations")?;
        }
        if skipped > 0 {
            write!(f, ", {skipped} skipped ({})", self.skipped.join("; "))?;
        }
        for Failure {
            id,
            kind,
            difference,
        } in self.failures.iter().take(FAILURES_SHOWN_MAX)
        {
            write!(f, "\n  {id} ({kind}): {difference}")?;
        }
        match self.failures.len().saturating_sub(FAILURES_SHOWN_MAX) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}
