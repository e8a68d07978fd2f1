//! A point of time on the command line.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Unix milliseconds of a text: a number of them, or a time such as `2026-11-29T22:00:00Z`.
pub(super) fn parse_moment(text: &str) -> Result<u64, String> {
    if let Ok(unix_ms) = text.parse() {
        return Ok(unix_ms);
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| {
        format!("{error}; give Unix milliseconds, or a time such as 2026-11-29T22:00:00Z")
    })?;
    let unix_ms = time.unix_timestamp_nanos() / 1_000_000;
    u64::try_from(unix_ms).map_err(|_| "the time is before 1970".to_owned())
}

/// A time for people, in UTC.
pub(super) fn shown(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).ok();
    let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let text = time.and_then(|time| time.format(&Rfc3339).ok());
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_milliseconds_or_dates() {
        assert_eq!(parse_moment("1700000000123"), Ok(1_700_000_000_123));
        let date = parse_moment("2023-11-14T23:13:20+01:00");
        assert_eq!(date, Ok(1_700_000_000_000));
        assert_eq!(shown(1_700_000_000_123), "2023-11-14T22:13:20Z");
        for wrong in ["", "yesterday", "2023-11-14", "-5", "1969-01-01T00:00:00Z"] {
            assert!(parse_moment(wrong).is_err(), "{wrong}");
        }
    }
}
