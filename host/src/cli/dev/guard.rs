//! Runs a program whose whole process group ends with the program that started it.
//!
//! `tig-host dev` starts everything through this: its end, however it comes, closes the guard's standard input. The guarded
//! program gets time to stop, and then its group is killed, so that what the program has started goes with it.

use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

/// First word of the command line of a guard.
pub(super) const GUARD_COMMAND: &str = "guard";
/// Time for a guarded program to stop by itself.
pub(super) const GUARDED_STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// Added to the number of a signal, as shells do.
const SIGNAL_CODE_BASE: i32 = 128;

/// A program cannot be guarded.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum GuardError {
    /// There is nothing to run.
    #[error("{GUARD_COMMAND} is for `tig-host dev`; start the program without it")]
    Usage,
    /// The program does not start.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: OsString,
        /// The system's reason.
        source: io::Error,
    },
    /// The system does not report the end of the program.
    #[error("cannot wait for the program")]
    Wait(#[source] io::Error),
}

/// Runs `words`, a program and its arguments; returns its exit code.
///
/// # Errors
///
/// See [`GuardError`].
pub(in crate::cli) fn guard(words: &[OsString]) -> Result<ExitCode, GuardError> {
    let (program, arguments) = words.split_first().ok_or(GuardError::Usage)?;
    let failed = |source| GuardError::Start {
        program: program.clone(),
        source,
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    let mut child = command.process_group(0).spawn().map_err(failed)?;
    let group = Pid::from_child(&child);
    let input = child.stdin.take();
    let watch = thread::Builder::new().name("parent".to_owned());
    let watching = watch.spawn(move || {
        wait_for_end_of_input();
        drop(input);
        // An error means that it has ended already.
        let _ = kill_process(group, Signal::TERM);
        thread::sleep(GUARDED_STOP_TIMEOUT);
        let _ = kill_process_group(group, Signal::KILL);
    });
    if let Err(source) = watching {
        let _ = kill_process_group(group, Signal::KILL);
        return Err(failed(source));
    }
    finish(&mut child, group).map_err(GuardError::Wait)
}

/// Waits for the program, and kills what it leaves behind.
fn finish(child: &mut Child, group: Pid) -> io::Result<ExitCode> {
    // The group keeps its number as long as its leader is not waited for.
    while let Err(error) = waitid(
        WaitId::Pid(group),
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
    ) {
        if error != rustix::io::Errno::INTR {
            return Err(error.into());
        }
    }
    let _ = kill_process_group(group, Signal::KILL);
    let status = child.wait()?;
    let signal = status.signal().unwrap_or_default() + SIGNAL_CODE_BASE;
    let code = status.code().unwrap_or(signal);
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn wait_for_end_of_input() {
    let mut ignored = [0; 256];
    let mut stdin = io::stdin().lock();
    while stdin.read(&mut ignored).is_ok_and(|count| count > 0) {}
}
