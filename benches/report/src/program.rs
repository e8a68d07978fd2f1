//! A program as a process of its own, with a processor to itself.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{Result, process};

const LISTENING: &str = "listening on http://";

/// The processor that the program runs on, and the one that everything else runs on.
const PROGRAMS_CORE: &str = "0";
const OWN_CORE: &str = "1";

/// Keeps this process off the program's processor; threads that are started later inherit it.
///
/// # Errors
/// The system has no `taskset`, or only one processor.
pub fn make_way() -> Result<()> {
    let own = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["-cp", OWN_CORE, &own])
        .stdout(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err("`taskset -c` does not work here: it needs util-linux and two processors".into()),
    }
}

/// A program that is measured; ended when it is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Program {
    /// Starts `program`, which prints on standard output where it listens and ends with standard input. What it logs goes
    /// to a file in `folder`.
    ///
    /// # Errors
    /// It does not start; the text has the last line of its log.
    pub fn start(
        program: &Path,
        folder: &Path,
        configure: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let log = folder.join("log");
        let mut command = Command::new("taskset");
        command
            .args(["-c", PROGRAMS_CORE])
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?);
        configure(&mut command);
        let mut child = command.arg("--exit-with-parent").spawn()?;
        match address(&mut child) {
            Ok(address) => Ok(Self { child, address }),
            Err(error) => {
                // It has ended already if it could not start.
                let _ = child.kill();
                child.wait()?;
                let log = fs::read_to_string(log)?;
                Err(format!("{error}: {}", log.lines().last().unwrap_or_default()).into())
            }
        }
    }

    /// Processor time that its threads have used.
    ///
    /// # Errors
    /// The system does not report it.
    pub fn processor_time(&self) -> Result<Duration> {
        process::processor_time(self.child.id())
    }

    /// The most memory that it has had, in MB.
    ///
    /// # Errors
    /// The system does not report it.
    pub fn memory_peak(&self) -> Result<f64> {
        process::memory_peak(self.child.id())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Nothing is left to be done about a process that cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(child: &mut Child) -> Result<SocketAddr> {
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let address = line.trim().strip_prefix(LISTENING);
    Ok(address.ok_or("the program does not start")?.parse()?)
}
