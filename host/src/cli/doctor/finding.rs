//! What doctor has found, with what to do about it, printed as it is found.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};
pub(crate) use tig_process::finding::{Finding, Level};

use crate::cli::output;

/// All findings so far, and the line that says what is being looked at.
pub(super) struct Report {
    findings: Vec<Finding>,
    as_json: bool,
    has_terminal: bool,
}

impl Report {
    pub(super) fn new(as_json: bool) -> Self {
        Self {
            findings: Vec::new(),
            as_json,
            has_terminal: !as_json && io::stderr().is_terminal(),
        }
    }

    /// Adds a finding, and prints it at once.
    pub(super) fn add(&mut self, finding: Finding) {
        if !self.as_json {
            self.progress("");
            finding.lines().iter().for_each(|line| output::line(line));
        }
        self.findings.push(finding);
    }

    pub(super) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// Shows on a terminal what takes its time; the next finding replaces it.
    pub(super) fn progress(&self, text: &str) {
        if self.has_terminal {
            let mut stderr = io::stderr().lock();
            // A terminal that is gone needs no progress.
            let _ = write!(stderr, "\r\u{1b}[2K{text}").and_then(|()| stderr.flush());
        }
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether something does not work.
    pub(super) fn has_failure(&self) -> bool {
        self.count(Level::Fail) > 0
    }

    fn count(&self, level: Level) -> usize {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.level == level).count()
    }

    /// Prints the sum, or all of it as JSON.
    pub(super) fn finish(&self, config: &std::path::Path) {
        if self.as_json {
            return output::json(&self.json(config));
        }
        self.progress("");
        let [ok, warn, fail] = [Level::Ok, Level::Warn, Level::Fail].map(|it| self.count(it));
        output::line(&format!("{ok} ok, {warn} warn, {fail} FAIL"));
    }

    fn json(&self, config: &std::path::Path) -> Value {
        json!({ "config": config, "ok": !self.has_failure(), "findings": self.findings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doctor_warning_is_not_a_failure() {
        let mut report = Report::new(true);
        report.add(Finding::warn("a", "b", "c"));
        assert!(!report.has_failure());
        report.add(Finding::fail("a", "b", "c"));
        let shown = report.json(std::path::Path::new("c"));
        assert_eq!(
            (&shown["ok"], &shown["findings"][1]["level"]),
            (&json!(false), &json!("fail"))
        );
    }
}
