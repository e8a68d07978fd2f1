//! What doctor has found, with what to do about it, printed as it is found.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::output;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// It works, with losses or not for long.
    Warn,
    /// It does not work.
    Fail,
}

/// One result.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Finding {
    /// How bad it is.
    pub(crate) level: Level,
    /// What was looked at.
    pub(crate) part: String,
    /// What is so.
    pub(crate) text: String,
    /// What to do; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) remedy: String,
}

impl Finding {
    /// A part that is as it should be.
    pub(crate) fn ok(part: &str, text: impl Into<String>) -> Self {
        Self::new(Level::Ok, part, text, "")
    }

    /// A part that works with losses, or not for long.
    pub(crate) fn warn(part: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Warn, part, text, remedy)
    }

    /// A part that does not work.
    pub(crate) fn fail(part: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Fail, part, text, remedy)
    }

    pub(crate) fn new(
        level: Level,
        part: &str,
        text: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            level,
            part: part.to_owned(),
            text: text.into(),
            remedy: remedy.into(),
        }
    }

    /// For people; texts from outside cannot forge a line or steer the terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let shown = output::escaped;
        let mut lines = vec![format!(
            "{level:<6}{}: {}",
            shown(&self.part),
            shown(&self.text)
        )];
        if !self.remedy.is_empty() {
            lines.push(format!("{:6}-> {}", "", shown(&self.remedy)));
        }
        lines
    }
}

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
    fn doctor_finding_has_its_fix_on_a_line_below() {
        let finding = Finding::fail("clock", "is off\n\u{1b}[2J", "set it");
        let lines = [r"FAIL  clock: is off\n\u{1b}[2J", "      -> set it"];
        assert_eq!(finding.lines(), lines);
        assert_eq!(Finding::ok("a", "b").lines(), ["ok    a: b"]);
    }

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
