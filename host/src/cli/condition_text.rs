//! Conditions as people read them.

use tig_plugin_api::Severity;

use super::panel::format::duration;
use super::panel::line::{Ink, Line};
use super::shown_text::{escaped, wrapped};
use crate::control::report::ConditionReport;

/// Columns before a condition's text.
const INDENT: usize = 4;

/// Whether extension, code or subject have `topic` in them.
pub(super) fn is_about(report: &ConditionReport, topic: &str) -> bool {
    let topic = topic.to_lowercase();
    let condition = &report.standing.condition;
    let names = [&report.extension, &condition.code, &condition.subject];
    names
        .iter()
        .any(|name| name.to_lowercase().contains(&topic))
}

/// Whether extension, code or subject are `name`.
pub(super) fn is_named(report: &ConditionReport, name: &str) -> bool {
    let condition = &report.standing.condition;
    [&report.extension, &condition.code, &condition.subject].contains(&&name.to_owned())
}

/// The condition, in lines of at most `width`.
pub(super) fn lines(report: &ConditionReport, now_ms: u64, width: Option<usize>) -> Vec<Line> {
    let condition = &report.standing.condition;
    let ink = ink(condition.severity);
    let mut head = Line::new(ink, severity_text(condition.severity));
    head.push(Ink::Plain, "  ");
    head.push(Ink::Strong, &condition.code);
    if !condition.subject.is_empty() {
        head.push(Ink::Plain, "  ");
        head.push(Ink::Strong, &condition.subject);
    }
    let age = duration(now_ms.saturating_sub(report.standing.since_ms));
    head.push(Ink::Dim, &format!("  {}, for {age}", report.extension));
    let mut lines = vec![head];
    lines.extend(paragraph(Ink::Plain, &condition.text, width));
    if !condition.remedy.is_empty() {
        let remedy = format!("> {}", condition.remedy);
        lines.extend(paragraph(Ink::Good, &remedy, width));
    }
    lines
}

fn paragraph(ink: Ink, text: &str, width: Option<usize>) -> Vec<Line> {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(INDENT).max(20));
    let parts = wrapped(&escaped(text), room).into_iter();
    let line = |part: String| {
        let mut line = Line::new(Ink::Plain, &" ".repeat(INDENT));
        line.push(ink, &part);
        line
    };
    parts.map(line).collect()
}

pub(super) fn ink(severity: Severity) -> Ink {
    match severity {
        Severity::Critical => Ink::Bad,
        Severity::Warning => Ink::Warning,
        Severity::Info => Ink::Dim,
    }
}

pub(super) fn severity_text(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}

/// `2 critical, 1 warning`, of what is an alert; `None` if there are no alerts.
pub(super) fn count_text(severities: impl Iterator<Item = Severity> + Clone) -> Option<String> {
    let counted = [Severity::Critical, Severity::Warning].map(|severity| {
        let count = severities.clone().filter(|it| *it == severity).count();
        (count > 0).then(|| format!("{count} {}", severity_text(severity)))
    });
    let parts: Vec<String> = counted.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reported() -> ConditionReport {
        serde_json::from_value(json!({
            "extension": "agent_manager", "code": "quarantined", "subject": "Pit\u{1b}[2J", "severity": "critical",
            "text": "The agent sent a wrong root.", "remedy": "Look at its memory.", "since_ms": 1_000,
        }))
        .unwrap()
    }

    #[test]
    fn condition_is_shown_with_age_and_remedy() {
        let lines = lines(&reported(), 62_000, None);
        let shown: Vec<String> = lines.iter().map(Line::text).collect();
        let expected = [
            r"critical  quarantined  Pit\u{1b}[2J  agent_manager, for 1 min 1 s",
            "    The agent sent a wrong root.",
            "    > Look at its memory.",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn topic_is_a_part_of_extension_code_or_subject() {
        for topic in ["AGENT_manager", "quarantine", "pit"] {
            assert!(is_about(&reported(), topic), "{topic}");
        }
        assert!(!is_about(&reported(), "memory"));
    }

    #[test]
    fn only_alerts_are_counted() {
        use Severity::{Critical, Info, Warning};
        let text = |severities: &[Severity]| count_text(severities.iter().copied());
        assert_eq!(
            text(&[Warning, Critical, Info, Warning]).as_deref(),
            Some("1 critical, 2 warning")
        );
        assert_eq!(text(&[Info]), None);
    }
}
