//! The answer of `tig-host status`, for people.

use serde_json::Value;

use super::output;

pub(super) fn print(status: &Value) {
    let text = |key: &str| status[key].as_str().unwrap_or("?").to_owned();
    let up = duration(status["uptime_seconds"].as_u64().unwrap_or_default());
    let draining = if status["draining"] == true {
        ", draining"
    } else {
        ""
    };
    output::line(&format!(
        "tig-host {} (process {}) on {}, up {up}{draining}",
        text("version"),
        status["pid"],
        text("address")
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
    let extensions = || status["extensions"].as_array().into_iter().flatten();
    rows.extend(extensions().map(row));
    output::table(&rows);
    extensions()
        .flat_map(notes)
        .for_each(|note| output::line(&note));
}

fn row(extension: &Value) -> Vec<String> {
    let text = |key: &str| extension[key].as_str().unwrap_or("?").to_owned();
    let number = |key: &str| extension[key].to_string();
    let code = extension["code_bytes"].as_u64().unwrap_or_default();
    vec![
        text("name"),
        text("version"),
        text("state"),
        number("waiting"),
        number("handled"),
        number("failed"),
        number("unfinished"),
        number("reloads"),
        format!("{:.1} MB", code as f64 / 1e6),
    ]
}

/// What needs a person's eye.
fn notes(extension: &Value) -> Vec<String> {
    let name = extension["name"].as_str().unwrap_or("?");
    let mut notes = Vec::new();
    if let Some(busy) = extension["busy"].as_object() {
        let what = busy["what"].as_str().unwrap_or("?");
        notes.push(format!(
            "{name}: handler of {what} has been running for {} s",
            busy["seconds"]
        ));
    }
    if let Some(rejected) = extension["rejected"].as_str() {
        notes.push(format!("{name}: last version refused: {rejected}"));
    }
    if extension["shadow"].is_object() {
        notes.extend(shadow_notes(name, &extension["shadow"]));
    }
    if let Some(failure) = extension["last_failure"].as_str() {
        notes.push(format!("{name}: last failure: {failure}"));
    }
    notes
}

/// How a candidate does beside the running version.
fn shadow_notes(name: &str, shadow: &Value) -> Vec<String> {
    let version = shadow["version"].as_str().unwrap_or("?");
    let (same, different) = (&shadow["same"], &shadow["different"]);
    let mut notes = vec![format!(
        "{name}: {version} beside it does the same on {same}, not on {different}"
    )];
    let differences = shadow["differences"].as_array().into_iter().flatten();
    notes.extend(differences.filter_map(|text| Some(format!("  {}", text.as_str()?))));
    if let Some(reason) = shadow["ended"].as_str() {
        notes.push(format!("{name}: {version} beside it has ended: {reason}"));
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
