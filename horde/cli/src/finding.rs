//! What a check has found, with what to do about it.

use serde::Serialize;
use tig_process::output;

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// As it should be.
    Good,
    /// Not checked, or not needed.
    Note,
    /// It works, and may not for long.
    Warning,
    /// Something does not work.
    Fault,
}

/// One result of a check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Finding {
    /// How bad it is.
    pub(crate) level: Level,
    /// What was checked.
    pub(crate) part: String,
    /// What is so.
    pub(crate) text: String,
    /// What to do; empty if nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) remedy: String,
}

impl Finding {
    /// A part that is as it should be.
    pub(crate) fn good(part: &str, text: impl Into<String>) -> Self {
        Self::new(Level::Good, part, text, "")
    }

    /// A part that is not checked, and why.
    pub(crate) fn note(part: &str, text: impl Into<String>) -> Self {
        Self::new(Level::Note, part, text, "")
    }

    /// A part that may stop to work.
    pub(crate) fn warning(part: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Warning, part, text, remedy)
    }

    /// A part that does not work.
    pub(crate) fn fault(part: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Level::Fault, part, text, remedy)
    }

    fn new(level: Level, part: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            level,
            part: part.to_owned(),
            text: text.into(),
            remedy: remedy.into(),
        }
    }
}

/// Whether nothing of it is a fault.
pub(crate) fn are_good(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level != Level::Fault)
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    findings: &'a [Finding],
}

/// Prints findings, one object of JSON or some lines each.
pub(crate) fn print(findings: &[Finding], as_json: bool) {
    if as_json {
        let ok = are_good(findings);
        let report = Report { ok, findings };
        output::line(&serde_json::to_string(&report).unwrap_or_default());
        return;
    }
    for finding in findings {
        lines(finding).iter().for_each(|line| output::line(line));
    }
}

/// Prints findings on standard error, beside a program's own output.
pub(crate) fn note(findings: &[Finding]) {
    let lines = findings.iter().flat_map(lines);
    lines.for_each(|line| output::note_line(&line));
}

fn lines(finding: &Finding) -> Vec<String> {
    let level = match finding.level {
        Level::Good => "good",
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Fault => "FAULT",
    };
    let mut lines = vec![format!("{level:<8}{}: {}", finding.part, finding.text)];
    if !finding.remedy.is_empty() {
        lines.push(format!("{:8}-> {}", "", finding.remedy));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedy_has_a_line_of_its_own() {
        let finding = Finding::fault("clock", "is off", "set it");
        assert_eq!(
            lines(&finding),
            ["FAULT   clock: is off", "        -> set it"]
        );
        assert_eq!(lines(&Finding::good("a", "b")), ["good    a: b"]);
    }

    #[test]
    fn warning_is_not_a_fault() {
        let warning = Finding::warning("a", "b", "c");
        assert!(are_good(std::slice::from_ref(&warning)));
        assert!(!are_good(&[warning, Finding::fault("a", "b", "c")]));
    }
}
