//! What the system knows of a process.

use std::fs;
use std::time::Duration;

use crate::Result;

/// Memory that a process has now, in MB.
///
/// # Errors
/// The system does not report it.
pub fn memory(process: u32) -> Result<f64> {
    megabytes(process, "VmRSS:")
}

/// The most memory that a process has had, in MB.
///
/// # Errors
/// The system does not report it.
pub fn memory_peak(process: u32) -> Result<f64> {
    megabytes(process, "VmHWM:")
}

/// Processor time that the threads of a process have used. Threads that have ended do not count.
///
/// # Errors
/// The system does not report it.
pub fn processor_time(process: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may have ended meanwhile.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        nanoseconds += text
            .split_whitespace()
            .next()
            .ok_or("no schedstat")?
            .parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn megabytes(process: u32, key: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    let kilobytes: f64 = number.ok_or("the system reports no memory")?.parse()?;
    Ok(kilobytes / 1e3)
}
