//! Values as people read them.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;
use tig_plugin_api::panel::Format;

/// Characters of an id that are shown where there is little room.
const ID_LENGTH: usize = 12;

/// Times that are further away than this are shown with their day.
const NEAR_MS: u64 = 12 * 3_600 * 1_000;

/// The last year that a date can have has 9999 for its number.
const TIME_MS_MAX: u64 = 253_402_300_799_000;

/// Shown in place of what is not known.
const UNKNOWN: &str = "-";

/// What values look like.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Formatter {
    /// Unix milliseconds.
    pub(in crate::cli) now_ms: u64,
    /// Whether only the beginning of an id is shown.
    pub(in crate::cli) has_short_ids: bool,
}

impl Formatter {
    /// The text of `value`. A value that does not fit its format is shown as it is.
    pub(in crate::cli) fn text(&self, value: &Value, format: Format) -> String {
        let (number, whole) = (value.as_f64(), value.as_u64());
        let formatted = match format {
            Format::Text | Format::State => None,
            Format::Number => number.map(grouped),
            Format::Rate => number.map(|number| format!("{}/s", grouped(number))),
            Format::Share => number.map(share),
            Format::Amount => number.map(amount),
            Format::Bytes => number.map(bytes),
            Format::Duration => number.map(|ms| duration(ms as u64)),
            Format::Time => whole.map(|ms| self.time(ms)),
            Format::Id => value.as_str().map(|id| self.id(id)),
        };
        formatted.unwrap_or_else(|| as_it_is(value))
    }

    /// The time of day in UTC, with the date if it is not near.
    pub(in crate::cli) fn time(&self, ms: u64) -> String {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms.min(TIME_MS_MAX)));
        // `Sun, 06 Nov 1994 08:49:37 GMT`
        let is_near = ms.abs_diff(self.now_ms) <= NEAR_MS;
        let part = if is_near { 17..25 } else { 5..22 };
        date.get(part).unwrap_or(&date).to_owned()
    }

    fn id(&self, id: &str) -> String {
        match id.char_indices().nth(ID_LENGTH) {
            Some((end, _)) if self.has_short_ids => format!("{}…", &id[..end]),
            _ => id.to_owned(),
        }
    }
}

/// Whether numbers of this format stand below each other on the right.
pub(super) fn is_right(format: Format) -> bool {
    match format {
        Format::Number
        | Format::Rate
        | Format::Share
        | Format::Amount
        | Format::Bytes
        | Format::Duration => true,
        Format::Text | Format::Time | Format::State | Format::Id => false,
    }
}

fn as_it_is(value: &Value) -> String {
    match value {
        Value::Null => UNKNOWN.to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    }
}

/// Digits in groups of three; few of them after the point.
pub(in crate::cli) fn grouped(number: f64) -> String {
    let size = number.abs();
    let digits = match size {
        _ if number.fract() == 0.0 || size >= 1_000.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        size if size >= 0.001 => 4,
        _ => return format!("{number:.2e}"),
    };
    let text = format!("{number:.digits$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |it| ("-", it));
    let mut shown = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    let rest = rest.trim_end_matches('0');
    if !rest.is_empty() {
        shown.push('.');
        shown.push_str(rest);
    }
    shown
}

fn share(number: f64) -> String {
    let percent = number * 100.0;
    if percent.fract() == 0.0 || percent.abs() >= 10.0 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

fn amount(number: f64) -> String {
    let text = format!("{number:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

fn bytes(number: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.iter().find(|(size, _)| number >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", number / size),
        None => format!("{number} B"),
    }
}

/// `84 ms`, `3.2 s`, `5 min 6 s`, `3 d 4 h`: the two greatest units.
pub(in crate::cli) fn duration(ms: u64) -> String {
    if ms < 1_000 {
        return format!("{ms} ms");
    }
    if ms < 10_000 {
        return format!("{:.1} s", ms as f64 / 1e3);
    }
    seconds_text(ms / 1_000)
}

/// `3 d 4 h`, `5 min 6 s`: the two greatest units.
pub(in crate::cli) fn seconds_text(seconds: u64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let first = units.iter().position(|(unit, _)| seconds >= *unit);
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, name) in units.iter().skip(first.unwrap_or(3)).take(2) {
        parts.push(format!("{} {name}", rest / unit));
        rest %= unit;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FORMATTER: Formatter = Formatter {
        now_ms: 784_111_777_000,
        has_short_ids: true,
    };

    fn text(value: Value, format: Format) -> String {
        FORMATTER.text(&value, format)
    }

    #[test]
    fn numbers_have_groups_and_units() {
        assert_eq!(text(json!(1_234_567), Format::Number), "1,234,567");
        assert_eq!(text(json!(-1_234), Format::Number), "-1,234");
        assert_eq!(text(json!(12.34), Format::Rate), "12.3/s");
        assert_eq!(text(json!(0.5), Format::Number), "0.5");
        assert_eq!(text(json!(0.000_012), Format::Number), "1.20e-5");
        assert_eq!(text(json!(0.984), Format::Share), "98 %");
        assert_eq!(text(json!(0.012), Format::Share), "1.2 %");
        assert_eq!(text(json!(0.012), Format::Amount), "0.012");
        assert_eq!(text(json!(2_100_000), Format::Bytes), "2.1 MB");
        assert_eq!(text(json!(512), Format::Bytes), "512 B");
    }

    #[test]
    fn duration_has_two_units() {
        let text = |ms: u64| text(json!(ms), Format::Duration);
        assert_eq!(text(0), "0 ms");
        assert_eq!(text(3_210), "3.2 s");
        assert_eq!(text(61_000), "1 min 1 s");
        assert_eq!(text(3_600_000), "1 h 0 min");
        assert_eq!(text(200_000_000), "2 d 7 h");
        assert_eq!(seconds_text(0), "0 s");
    }

    #[test]
    fn far_time_has_its_date() {
        assert_eq!(text(json!(784_111_777_000_u64), Format::Time), "08:49:37");
        assert_eq!(
            text(json!(784_011_777_000_u64), Format::Time),
            "05 Nov 1994 05:02"
        );
        assert_eq!(text(json!(u64::MAX), Format::Time), "31 Dec 9999 23:59");
    }

    #[test]
    fn value_of_another_form_is_shown_as_it_is() {
        assert_eq!(text(json!("many"), Format::Number), "many");
        assert_eq!(text(json!(null), Format::Share), "-");
        assert_eq!(text(json!(true), Format::Text), "yes");
        assert_eq!(text(json!([1]), Format::State), "[1]");
        assert_eq!(text(json!(-1), Format::Time), "-1");
        assert_eq!(text(json!("0123456789abcdef"), Format::Id), "0123456789ab…");
    }
}
