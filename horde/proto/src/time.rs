//! Times on the wire (section 2.0).

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::error::{FieldError, Reason, quote};
use crate::json::object::impl_serde;
use crate::json::{FromJson, ToJson};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MINUTES_PER_HOUR: i16 = 60;
const FIRST_YEAR: i64 = 1;
const LAST_YEAR: i64 = 9999;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;
/// Days of the 400 years after which the calendar repeats itself.
const ERA_DAYS: i64 = 146_097;

/// A date with a time in microseconds and, as a rule, an offset from UTC.
///
/// A receiver verifies the text that it writes itself, not the one that came: [`Timestamp`] reads every form that the
/// reference reads and writes the canonical one, `2024-11-28T15:03:12Z` or `2024-11-28T15:03:12.345678Z`. Times are equal if
/// their canonical texts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// Microseconds since 1970 by the clock on the wall where the offset holds.
    local_micros: i64,
    /// `None` for a time without an offset, which the reference calls naive.
    offset_minutes: Option<i16>,
}

impl Timestamp {
    /// The time so many microseconds after 1970-01-01T00:00:00Z, or `None` outside of the years 1 to 9999.
    pub fn from_unix_micros(micros: i64) -> Option<Self> {
        let (year, _, _) = civil_date(micros.div_euclid(MICROS_PER_SECOND * SECONDS_PER_DAY));
        (FIRST_YEAR..=LAST_YEAR).contains(&year).then_some(Self {
            local_micros: micros,
            offset_minutes: Some(0),
        })
    }

    /// Microseconds since 1970-01-01T00:00:00Z; a time without an offset counts as UTC.
    pub fn unix_micros(self) -> i64 {
        let offset_seconds = i64::from(self.offset_minutes.unwrap_or(0)) * 60;
        self.local_micros - offset_seconds * MICROS_PER_SECOND
    }

    /// The form of the CSV files: a space between date and time, and `+00:00` for UTC.
    pub(crate) fn to_csv_text(self) -> String {
        let offset = self.offset_minutes.map_or(String::new(), numeric_offset);
        format!("{}{offset}", self.local_text(' '))
    }

    fn local_text(self, separator: char) -> String {
        let seconds = self.local_micros.div_euclid(MICROS_PER_SECOND);
        let micros = self.local_micros.rem_euclid(MICROS_PER_SECOND);
        let (year, month, day) = civil_date(seconds.div_euclid(SECONDS_PER_DAY));
        let second = seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text =
            format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}");
        if micros != 0 {
            text.push_str(&format!(".{micros:06}"));
        }
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.local_text('T'))?;
        match self.offset_minutes {
            None => Ok(()),
            Some(0) => formatter.write_str("Z"),
            Some(minutes) => formatter.write_str(&numeric_offset(minutes)),
        }
    }
}

impl FromStr for Timestamp {
    type Err = Reason;

    fn from_str(text: &str) -> Result<Self, Reason> {
        parse(text).ok_or_else(|| Reason::NotTime { found: quote(text) })
    }
}

impl FromJson for Timestamp {
    fn from_json(value: Value) -> Result<Self, FieldError> {
        let text = String::from_json(value)?;
        text.parse().map_err(FieldError::new)
    }
}

impl ToJson for Timestamp {
    fn to_json(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl_serde!(Timestamp);

fn numeric_offset(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    let (hours, minutes) = (minutes / MINUTES_PER_HOUR, minutes % MINUTES_PER_HOUR);
    format!("{sign}{hours:02}:{minutes:02}")
}

fn parse(text: &str) -> Option<Timestamp> {
    let mut cursor = Cursor(text.as_bytes());
    let year = cursor.number(4, FIRST_YEAR..=LAST_YEAR)?;
    cursor.one_of(b"-")?;
    let month = cursor.number(2, 1..=12)?;
    cursor.one_of(b"-")?;
    let day = cursor.number(2, 1..=days_in_month(year, month))?;
    cursor.one_of(b"Tt _")?;
    let hour = cursor.number(2, 0..=23)?;
    cursor.one_of(b":")?;
    let minute = cursor.number(2, 0..=59)?;
    // The reference reads times without seconds, too.
    let second = match cursor.one_of(b":") {
        Some(_) => cursor.number(2, 0..=59)?,
        None => 0,
    };
    let micros = match cursor.one_of(b".,") {
        Some(_) => cursor.fraction_micros()?,
        None => 0,
    };
    let offset_minutes = cursor.offset_minutes()?;
    let seconds = (hour * 60 + minute) * 60 + second;
    let days = days_from_civil(year, month, day);
    Some(Timestamp {
        local_micros: (days * SECONDS_PER_DAY + seconds) * MICROS_PER_SECOND + micros,
        offset_minutes,
    })
}

/// The unread rest of a text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn one_of(&mut self, expected: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        expected.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn number(&mut self, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let mut number = 0;
        for _ in 0..digits {
            number = number * 10 + i64::from(self.one_of(b"0123456789")? - b'0');
        }
        range.contains(&number).then_some(number)
    }

    /// Digits behind the sixth are cut off, as the reference does.
    fn fraction_micros(&mut self) -> Option<i64> {
        let mut weight = MICROS_PER_SECOND / 10;
        let mut micros = weight * self.number(1, 0..=9)?;
        while let Some(digit) = self.number(1, 0..=9) {
            weight /= 10;
            micros += weight * digit;
        }
        Some(micros)
    }

    /// The outer `None` means that the text is not an offset, the inner one that there is nothing more.
    fn offset_minutes(&mut self) -> Option<Option<i16>> {
        let offset = match self.one_of(b"Zz+-") {
            None => None,
            Some(b'Z' | b'z') => Some(0),
            Some(sign) => {
                let hours = self.number(2, 0..=23)?;
                // The colon may be left out.
                let _ = self.one_of(b":");
                let minutes = i16::try_from(hours * 60 + self.number(2, 0..=59)?).ok()?;
                Some(if sign == b'-' { -minutes } else { minutes })
            }
        };
        self.0.is_empty().then_some(offset)
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970. Years begin in March here, so that the day of a leap year is the last one.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - EPOCH_DAYS
}

/// Year, month and day of a day since 1970.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH_DAYS;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_reference_is_read() {
        for (text, canonical) in [
            ("2024-11-28T15:03:12Z", "2024-11-28T15:03:12Z"),
            ("2024-11-28 15:03:12+00:00", "2024-11-28T15:03:12Z"),
            ("2024-11-28t15:03:12.5z", "2024-11-28T15:03:12.500000Z"),
            (
                "2024-11-28_15:03:12.1234567Z",
                "2024-11-28T15:03:12.123456Z",
            ),
            ("2024-11-28T15:03Z", "2024-11-28T15:03:00Z"),
            ("2024-11-28T15:03:12", "2024-11-28T15:03:12"),
            ("2024-11-28T15:03:12+0530", "2024-11-28T15:03:12+05:30"),
            ("2024-11-28T15:03:12-05:30", "2024-11-28T15:03:12-05:30"),
            ("2024-11-28T15:03:12-00:00", "2024-11-28T15:03:12Z"),
            ("2024-11-28T15:03:12,5Z", "2024-11-28T15:03:12.500000Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_times() {
        for text in [
            "",
            "2024-11-28",
            "1732806192",
            "0000-01-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-11-28T24:00:00Z",
            "2024-11-28T15:03:60Z",
            "2024-11-28T15:03:12.Z",
            "2024-11-28T15:03:12+24:00",
            "2024-11-28T15:03:12+05",
            "2024-11-28T15:03:12 Z",
            " 2024-11-28T15:03:12Z",
            "2024-11-28T15:03:12Z\n",
            "2024-11-28T15:03:12\u{661}Z",
        ] {
            let reason = text.parse::<Timestamp>().unwrap_err();
            assert!(matches!(reason, Reason::NotTime { .. }), "{text}");
        }
    }

    #[test]
    fn every_day_survives_the_way_there_and_back() {
        let first = days_from_civil(FIRST_YEAR, 1, 1);
        let last = days_from_civil(LAST_YEAR, 12, 31);
        assert_eq!(last - first + 1, 3_652_059);
        for days in first..=last {
            let (year, month, day) = civil_date(days);
            assert_eq!(days_from_civil(year, month, day), days);
            assert!((1..=days_in_month(year, month)).contains(&day));
        }
    }

    #[test]
    fn unix_times_are_utc() {
        let micros = 1_732_806_192_345_678;
        let time = Timestamp::from_unix_micros(micros).unwrap();
        assert_eq!(time.to_string(), "2024-11-28T15:03:12.345678Z");
        assert_eq!(time.unix_micros(), micros);
        let elsewhere: Timestamp = "2024-11-28T20:33:12.345678+05:30".parse().unwrap();
        assert_eq!(elsewhere.unix_micros(), micros);
        assert_eq!(Timestamp::from_unix_micros(i64::MAX), None);
        assert_eq!(Timestamp::from_unix_micros(i64::MIN), None);
    }
}
