//! The report for a terminal: a line for each extension, what differs first, and what follows. Pure.

use super::rows::{Row, event_rows, other_rows};
use super::sides::Sides;
use super::{ExtensionReport, Found, Notes, Plugin, Report, shown};

/// Characters of a hash that are shown: enough to see that two files differ.
const HASH_SHOWN_CHARS: usize = 12;

/// The lines of the report. What follows from the decisions is in it if the report holds it: what differs, and what does not if `is_all`.
#[must_use]
pub(crate) fn text_lines(report: &Report, is_all: bool) -> Vec<String> {
    let mut lines = vec![shown::text(&report.settings.title)];
    if let Some((from, to)) = report.period_ms {
        lines.push(format!(
            "calls from {} to {}",
            shown::time(from),
            shown::time(to)
        ));
    }
    add_notes(&mut lines, "damaged", &report.damage);
    add_notes(&mut lines, "not replayed", &report.skipped);
    let mut was_long = true;
    for extension in &report.extensions {
        let mut own = Vec::new();
        add_extension(&mut own, extension);
        if report.settings.has_consequences {
            add_consequences(&mut own, extension, is_all);
        }
        // Those with one line each stand together.
        let is_long = own.len() > 1;
        if is_long || was_long {
            lines.push(String::new());
        }
        was_long = is_long;
        lines.extend(own);
    }
    lines.push(String::new());
    lines.push(verdict(report));
    lines
}

/// One sentence about the whole.
#[must_use]
pub(crate) fn verdict(report: &Report) -> String {
    let calls = report.calls();
    let of = shown::count(calls.all, "call");
    match calls.different() {
        _ if calls.all == 0 => "no calls were compared".to_owned(),
        0 => format!("{of}, all decisions the same bit for bit"),
        1 => format!("{of}, 1 decision differs"),
        different => format!("{of}, {different} decisions differ"),
    }
}

fn add_notes(lines: &mut Vec<String>, title: &str, notes: &Notes) {
    lines.extend(notes.texts.iter().map(|text| format!("{title}: {text}")));
    if notes.further > 0 {
        lines.push(format!("{title}: and {} more", notes.further));
    }
}

fn add_extension(lines: &mut Vec<String>, extension: &ExtensionReport) {
    let calls = extension.calls;
    let same = match calls.different() {
        0 => "all the same".to_owned(),
        different => format!("{} the same, {different} different", calls.same),
    };
    let mut line = format!(
        "{}: {}, {same}",
        extension.name,
        shown::count(calls.all, "call")
    );
    let Sides { recorded, replayed } = calls.failed;
    if recorded + replayed > 0 {
        line += &format!(", failed {recorded} recorded and {replayed} replayed");
    }
    lines.push(line);
    let plugins = extension.plugins.map(|plugins| plugins_text(plugins));
    if plugins.differ() && !plugins.recorded.is_empty() && !plugins.replayed.is_empty() {
        lines.push(format!("  recorded: {}", plugins.recorded));
        lines.push(format!("  replayed: {}", plugins.replayed));
    }
    for (index, found) in extension.differences.iter().enumerate() {
        add_difference(lines, found, index == 0);
    }
    let more = calls.different() - described(extension);
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
}

/// Number of differences that have a description.
pub(super) fn described(extension: &ExtensionReport) -> u64 {
    u64::try_from(extension.differences.len()).unwrap_or(u64::MAX)
}

/// Plugin files in one line.
pub(super) fn plugins_text(plugins: &[Plugin]) -> String {
    let texts = plugins.iter().map(|plugin| {
        let hash: String = plugin.hash.chars().take(HASH_SHOWN_CHARS).collect();
        format!("{} {} ({hash})", plugin.name, plugin.version)
    });
    texts.collect::<Vec<_>>().join(", then ")
}

fn add_difference(lines: &mut Vec<String>, found: &Found, is_first: bool) {
    let head = if is_first { "first at" } else { "at" };
    let Found {
        at_ms,
        number,
        what,
        difference,
    } = found;
    lines.push(format!(
        "  {head} {}, call {number}, {what}:",
        shown::time(*at_ms)
    ));
    lines.push(format!("    {}", difference.text));
    let values = difference.values.iter();
    lines.extend(values.map(|value| format!("      {value}")));
    if difference.values_more > 0 {
        lines.push(format!("      and {} more", difference.values_more));
    }
}

fn add_consequences(lines: &mut Vec<String>, extension: &ExtensionReport, is_all: bool) {
    let consequences = &extension.consequences;
    for event in event_rows(consequences, is_all) {
        lines.push(format!("  event {}", event.name));
        add_table(lines, &event.rows);
        if event.event.has_further_fields {
            lines.push("    further fields are left out".to_owned());
        }
    }
    let others = other_rows(consequences, is_all);
    if !others.is_empty() {
        lines.push("  requests".to_owned());
        add_table(lines, &others);
    }
    if !is_all && extension.calls.different() > 0 && !consequences.differ() {
        lines.push("  events and requests are the same in sum".to_owned());
    }
}

fn add_table(lines: &mut Vec<String>, rows: &[Row]) {
    let head = ["", "", "recorded", "replayed", "change"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        [
            &row.field,
            &row.measure,
            &row.recorded,
            &row.replayed,
            &row.change,
        ]
        .map(Clone::clone)
    });
    let cells: Vec<[String; 5]> = [head].into_iter().chain(cells).collect();
    let width = |column: usize| {
        let widths = cells.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let widths = [0, 1, 2, 3, 4].map(width);
    for row in &cells {
        let [field, measure, recorded, replayed, change] = row;
        let line = format!(
            "    {field:a$}  {measure:b$}  {recorded:>c$}  {replayed:>d$}  {change:>e$}",
            a = widths[0],
            b = widths[1],
            c = widths[2],
            d = widths[3],
            e = widths[4],
        );
        lines.push(line.trim_end().to_owned());
    }
}

#[cfg(test)]
mod tests;
