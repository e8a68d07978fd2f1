//! Times of signatures: `20241128T150312Z`.

use horde_proto::Timestamp;

const MICROS_PER_SECOND: i64 = 1_000_000;
/// Bytes of the date in front.
const DATE_BYTES: usize = 8;
/// Bytes of a whole time.
const TIME_BYTES: usize = 16;
/// The last second that four digits of a year hold.
const LAST_SECOND: i64 = 253_402_300_799;

/// A time in the form of signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AmzTime(String);

impl AmzTime {
    /// A time from 1970 on; what is outside of the years to 9999 is the nearest.
    pub(crate) fn from_unix(seconds: i64) -> Self {
        let seconds = seconds.clamp(0, LAST_SECOND);
        let stamp = Timestamp::from_unix_micros(seconds * MICROS_PER_SECOND);
        let text = stamp.map_or_else(String::new, |stamp| stamp.to_string());
        Self(text.replace(['-', ':'], ""))
    }

    /// The time with exactly this text.
    pub(crate) fn parse(text: &str) -> Option<(Self, i64)> {
        if text.len() != TIME_BYTES || !text.is_ascii() {
            return None;
        }
        let (date, time) = (&text[..DATE_BYTES], &text[DATE_BYTES + 1..]);
        let iso = format!(
            "{}-{}-{}T{}:{}:{}",
            &date[..4],
            &date[4..6],
            &date[6..],
            &time[..2],
            &time[2..4],
            &time[4..]
        );
        let stamp: Timestamp = iso.parse().ok()?;
        let seconds = stamp.unix_micros() / MICROS_PER_SECOND;
        let read = Self::from_unix(seconds);
        (read.0 == text).then_some((read, seconds))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The day, which is part of the scope.
    pub(crate) fn date(&self) -> &str {
        self.0.get(..DATE_BYTES).unwrap_or_default()
    }
}
