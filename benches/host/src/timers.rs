//! How late timers are while the host is idle.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tig_bench_report::{Report, Result, Target};

use crate::site::{Site, Sorted};

/// Timers of the measurement.
const TIMERS: u64 = 1_000;

/// Time between two of them.
const SPACE: Duration = Duration::from_millis(3);

/// Time to set them all before the first is due.
const AHEAD: Duration = Duration::from_millis(500);

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let site = Site::new(&[("timed", "timed")])?;
    let host = site.start()?;
    let begin = SystemTime::now().duration_since(UNIX_EPOCH)? + AHEAD;
    let before = host.handled();
    for number in 0..TIMERS {
        let due = begin.as_millis() + SPACE.as_millis() * u128::from(number);
        host.publish("alarm", &due.to_string());
    }
    // Not asked for while they are due: the host is to be idle.
    std::thread::sleep(AHEAD + SPACE * TIMERS as u32);
    host.wait(|host| host.handled() >= before + 2 * TIMERS)?;
    let late = Sorted::get(&host, "/lateness")?;
    let mut line = |name, value, target| report.number(name, value, "us", target);
    line(
        "lateness of a timer while idle, median",
        late.micros(0.5),
        Target::None,
    )?;
    line(
        "lateness of a timer while idle, p99",
        late.micros(0.99),
        Target::AtMost(5_000.0),
    )
}
