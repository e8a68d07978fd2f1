//! Conditions that extensions report, as findings.

use tig_plugin_api::{Condition, Severity};

use super::observer::{Observation, Withheld};
use super::trial::TrialFault;
use super::{Finding, Level};
use crate::control::report::ConditionReport;
use crate::observe::status::{ExtensionStatus, State};

/// A condition of extension `name`.
fn of_condition(name: &str, condition: &Condition) -> Finding {
    let level = match condition.severity {
        Severity::Info => Level::Ok,
        Severity::Warning => Level::Warn,
        Severity::Critical => Level::Fail,
    };
    let subject = match condition.subject.as_str() {
        "" => String::new(),
        subject => format!(" {subject}"),
    };
    let text = format!("{}{subject}: {}", condition.code, condition.text);
    Finding::new(level, name, text, condition.remedy.clone())
}

/// What a running host and its extensions report.
pub(super) fn of_reports(reports: &[ConditionReport]) -> Vec<Finding> {
    let finding =
        |report: &ConditionReport| of_condition(&report.extension, &report.standing.condition);
    reports.iter().map(finding).collect()
}

/// Extensions that have stopped or fail.
pub(super) fn of_extensions(extensions: &[ExtensionStatus]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for extension in extensions {
        let name = &extension.name;
        let last = extension
            .last_failure
            .as_deref()
            .unwrap_or("no reason is known");
        if extension.state == State::Stopped {
            let text = format!("has stopped: {last}");
            let remedy = format!(
                "`tig-host reload {name}` starts it again; `tig-host support-bundle` for its authors"
            );
            findings.push(Finding::fail(name, text, remedy));
        } else if extension.failed > 0 {
            let text = format!(
                "{} handlers have failed; the last: {last}",
                extension.failed
            );
            let remedy = "look at its lines in the log; `tig-host support-bundle` for its authors";
            findings.push(Finding::warn(name, text, remedy));
        }
    }
    findings
}

/// What a trial run has shown.
pub(super) fn of_trial(watched: Result<Observation, TrialFault>) -> Vec<Finding> {
    let part = "trial run";
    let observation = match watched {
        Ok(observation) => observation,
        Err(fault) => {
            let remedy =
                "`tig-host check` tries each plugin by itself; start the host to see its log";
            return vec![Finding::fail(part, fault.to_string(), remedy)];
        }
    };
    let ended = match observation.has_settled {
        true => "nothing changed any more",
        false => "the time was over",
    };
    let text = format!(
        "{} extensions ran for {} s, until {ended}; {} requests were answered, {} failed",
        observation.extensions.len(),
        observation.seconds,
        observation.answered,
        observation.failed
    );
    let mut findings = vec![Finding::ok(part, text)];
    findings.extend(of_withheld(&observation.withheld));
    findings.extend(of_extensions(&observation.extensions));
    for extension in &observation.extensions {
        let found = extension.conditions.iter();
        findings.extend(found.map(|condition| of_condition(&extension.name, &condition.condition)));
    }
    findings
}

/// What was not sent shows that the extensions would begin to work.
fn of_withheld(withheld: &[Withheld]) -> Option<Finding> {
    let first = withheld.first()?;
    let more = match withheld.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let text = format!(
        "withheld {} {} to {}{more}: a trial changes nothing",
        first.method, first.tag, first.host
    );
    Some(Finding::ok("trial run", text))
}
