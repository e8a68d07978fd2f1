//! This machine's clock, against the one of an API.

use std::time::{Duration, SystemTime};

use super::Finding;
use crate::observe::own_conditions::CLOCK_OFF_MIN;

/// A difference that no clock service leaves.
const OFF_WARN: Duration = Duration::from_secs(5);

/// Compares `local`, taken while the API replied, with its header `Date`, which has whole seconds. `None` without a date.
pub(super) fn compare(api: &str, date: Option<&str>, local: SystemTime) -> Option<Finding> {
    let remote = httpdate::parse_http_date(date?).ok()?;
    let (off, direction) = match local.duration_since(remote) {
        // The header's second may be nearly over.
        Ok(ahead) => (ahead.saturating_sub(Duration::from_secs(1)), "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    let part = "clock";
    let text = format!("{} s {direction} {api}", off.as_secs());
    let remedy = "set the clock, and let a service keep it: `timedatectl set-ntp true`";
    Some(if off >= CLOCK_OFF_MIN {
        Finding::fail(part, text, remedy)
    } else if off >= OFF_WARN {
        Finding::warn(part, text, remedy)
    } else {
        Finding::ok(part, format!("agrees with {api}"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn doctor_finds_a_clock_that_is_off() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let at = |seconds: i64| {
            let shifted = now + Duration::from_secs(1_000) + Duration::from_millis(500);
            let remote = match seconds {
                0.. => shifted + Duration::from_secs(seconds.unsigned_abs()),
                _ => shifted - Duration::from_secs(seconds.unsigned_abs()),
            };
            let date = httpdate::fmt_http_date(remote);
            let local = now + Duration::from_secs(1_000) + Duration::from_millis(500);
            compare("api", Some(&date), local).unwrap().level
        };
        assert_eq!(at(0), Level::Ok);
        assert_eq!(at(-1), Level::Ok);
        assert_eq!((at(20), at(-20)), (Level::Warn, Level::Warn));
        assert_eq!((at(120), at(-120)), (Level::Fail, Level::Fail));
        assert_eq!(compare("api", None, now), None);
        assert_eq!(compare("api", Some("soon"), now), None);
    }
}
