//! What `tig-host status` shows to people.

use super::output;
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
        extensions,
        ..
    } = status;
    let up = duration(*uptime_seconds);
    let draining = if *draining { ", draining" } else { "" };
    output::line(&format!(
        "tig-host {version} (process {pid}) on {address}, up {up}{draining}"
    ));
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
    notes.for_each(|note| output::line(&note));
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
    notes.extend(shadow.differences.iter().map(|text| format!("  {text}")));
    if let Some(reason) = &shadow.ended {
        notes.push(format!("{name}: shadow {version} has ended: {reason}"));
    }
    notes
}

/// `3 d 4 h`, `5 min 6 s`: the two greatest units.
fn duration(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units
        .iter()
        .position(|(unit, _)| seconds >= *unit)
        .unwrap_or(3);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, name) in units.iter().skip(first).take(2) {
        parts.push(format!("{} {name}", rest / unit));
        rest %= unit;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_duration_has_two_units() {
        assert_eq!(duration(0), "0 s");
        assert_eq!(duration(61), "1 min 1 s");
        assert_eq!(duration(3_600), "1 h 0 min");
        assert_eq!(duration(200_000), "2 d 7 h");
    }
}
