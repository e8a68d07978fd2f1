//! What a host process with six extensions costs: start, idle processor time, memory.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tig_bench_report::{Report, Result, Target};

use crate::site::{Site, program};

const EXTENSIONS: [(&str, &str); 6] = [
    ("silent_1", "silent"),
    ("silent_2", "silent"),
    ("silent_3", "silent"),
    ("relay", "relay"),
    ("writer", "writer"),
    ("timed", "timed"),
];

/// How long the host is left idle.
const IDLE: Duration = Duration::from_secs(10);

pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let site = Site::new(&EXTENSIONS)?;
    with_host(&site, |host| running(report, host))
}

/// A host in a process of its own that listens.
pub(crate) struct Host {
    /// Its process.
    pub(crate) process: u32,
    /// What it said: `listening on http://IP:PORT`.
    pub(crate) line: String,
    /// Time from its start until it said so.
    start: Duration,
}

/// Starts a host on `site`, measures with it, and ends it.
pub(crate) fn with_host(site: &Site, measure: impl FnOnce(&Host) -> Result<()>) -> Result<()> {
    let start = Instant::now();
    let mut child = Command::new(program()?)
        .arg(&site.config)
        .arg("--exit-with-parent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let measured = listening(&mut child, start).and_then(|host| measure(&host));
    // It has ended already if it could not start.
    let _ = child.kill();
    child.wait()?;
    measured
}

fn listening(child: &mut Child, start: Instant) -> Result<Host> {
    let mut line = String::new();
    let stdout = child.stdout.take().ok_or("no standard output")?;
    BufReader::new(stdout).read_line(&mut line)?;
    if line.is_empty() {
        return Err("the host does not start".into());
    }
    Ok(Host {
        process: child.id(),
        line,
        start: start.elapsed(),
    })
}

fn running(report: &mut Report, host: &Host) -> Result<()> {
    let started = host.start.as_secs_f64() * 1e3;
    let before = processor_seconds(host.process)?;
    std::thread::sleep(IDLE);
    let used = processor_seconds(host.process)? - before;
    let memory = memory_kb(host.process, "VmRSS:")? as f64 / 1e3;
    let mut line = |name, value, unit, most| report.number(name, value, unit, Target::AtMost(most));
    line("start with six extensions", started, "ms", 300.0)?;
    let share = used / IDLE.as_secs_f64() * 100.0;
    line("processor time when idle", share, "%", 0.5)?;
    line("memory with six extensions", memory, "MB", 60.0)
}

/// A number of `/proc/<process>/status`, in KB.
pub(crate) fn memory_kb(process: u32, key: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("the system does not report it")?.parse()?)
}

/// Processor time that a process has used.
fn processor_seconds(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // Fields 14 and 15 of proc(5); the second may hold blanks, but ends with the last bracket.
    let (_, fields) = stat.rsplit_once(')').ok_or("no brackets")?;
    let mut ticks = fields.split_whitespace().skip(11);
    let mut next = || -> Result<f64> { Ok(ticks.next().ok_or("too short")?.parse()?) };
    let used = next()? + next()?;
    Ok(used / rustix::param::clock_ticks_per_second() as f64)
}
