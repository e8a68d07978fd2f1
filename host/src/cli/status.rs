//! What `tig-host status` shows to people.

use super::condition_text::count_text;
use super::output::{self, escaped};
use super::panel::format::seconds_text;
use crate::control::report::HostStatus;
use crate::observe::shadow_status::ShadowStatus;
use crate::observe::status::{ExtensionStatus, State};

pub(super) fn print(status: &HostStatus) {
    let HostStatus {
        version,
        pid,
        address,
        uptime_seconds,
        draining,
        page,
        extensions,
        conditions,
    } = status;
    let up = seconds_text(*uptime_seconds);
    let draining = if *draining { ", draining" } else { "" };
    output::line(&format!(
        "tig-host {version} (process {pid}) on {address}, up {up}{draining}"
    ));
    if let Some(page) = page {
        output::line(&format!("page: {page}"));
    }
    let severities = conditions.iter().map(|it| it.standing.condition.severity);
    output::line(&match count_text(severities) {
        Some(alerts) => format!("conditions: {alerts}; `tig-host why` explains them"),
        None => format!(
            "conditions: none is an alert, {} for information",
            conditions.len()
        ),
    });
    let head = [
        "EXTENSION",
        "VERSION",
        "STATE",
        "WAITING",
        "HANDLED",
        "FAILED",
        "UNFINISHED",
        "RELOADS",
        "CODE",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(extensions.iter().map(row));
    output::table(&rows);
    let notes = extensions.iter().flat_map(notes);
    notes.for_each(|note| output::line(&escaped(&note)));
}

fn row(extension: &ExtensionStatus) -> Vec<String> {
    let state = match extension.state {
        State::Running => "running",
        State::Probation => "probation",
        State::Stopped => "stopped",
    };
    vec![
        extension.name.clone(),
        extension.version.clone(),
        state.to_owned(),
        extension.waiting.to_string(),
        extension.handled.to_string(),
        extension.failed.to_string(),
        extension.unfinished.to_string(),
        extension.reloads.to_string(),
        format!("{:.1} MB", extension.code_bytes as f64 / 1e6),
    ]
}

/// What needs a person's eye.
fn notes(extension: &ExtensionStatus) -> Vec<String> {
    let name = &extension.name;
    let mut notes = Vec::new();
    if let Some(busy) = &extension.busy {
        let (what, seconds) = (&busy.what, busy.seconds);
        notes.push(format!(
            "{name}: handler of {what} has been running for {seconds} s"
        ));
    }
    if let Some(rejected) = &extension.rejected {
        notes.push(format!("{name}: last version refused: {rejected}"));
    }
    if let Some(shadow) = &extension.shadow {
        notes.extend(shadow_notes(name, shadow));
    }
    if let Some(failure) = &extension.last_failure {
        notes.push(format!("{name}: last failure: {failure}"));
    }
    notes
}

/// How a shadow compares with the running version.
fn shadow_notes(name: &str, shadow: &ShadowStatus) -> Vec<String> {
    let ShadowStatus {
        version,
        same,
        different,
        ..
    } = shadow;
    let mut notes = vec![format!(
        "{name}: shadow {version}: {same} items handled alike, {different} differently"
    )];
    // Each of their lines is a line here; other control characters are escaped.
    let lines = shadow.differences.iter().flat_map(|text| text.lines());
    notes.extend(lines.map(|line| format!("  {line}")));
    if let Some(reason) = &shadow.ended {
        notes.push(format!("{name}: shadow {version} has ended: {reason}"));
    }
    notes
}
