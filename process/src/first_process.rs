//! A program as process 1 of a container.
//!
//! The kernel ignores signals that process 1 has no handler for, and gives it every orphan to wait for. So a program that is
//! process 1 runs itself as a child, passes signals on, waits for whatever has ended, and ends as the child does. The rest of the
//! program then runs as anywhere else.

use std::env;
use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, wait};
use tokio::signal::unix::{self, SignalKind, signal};

/// Shells add it to the number of the signal that has ended a program.
const KILLED: i32 = 128;

/// Runs `main`: in a child if this is process 1, else here.
pub fn run(main: impl FnOnce() -> ExitCode) -> ExitCode {
    if std::process::id() != 1 {
        return main();
    }
    match supervise() {
        Ok(code) => code,
        // Where there is no room for a child, the program is better alone than not at all.
        Err(_) => main(),
    }
}

/// Starts this program again, and ends with it.
///
/// # Errors
/// It cannot be started.
fn supervise() -> io::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let mut arguments = env::args_os();
        let name = arguments.next().unwrap_or_default();
        let child = Command::new(env::current_exe()?)
            .arg0(name)
            .args(arguments)
            .spawn()?;
        let program = Pid::from_child(&child);
        loop {
            if let Some(signal) = signals.next().await {
                // It has ended, which the next SIGCHLD says.
                let _ = kill_process(program, signal);
            } else if let Some(code) = reap(program) {
                return Ok(code);
            }
        }
    })
}

/// Waits for all processes that have ended; returns the code of `program` if it is among them.
fn reap(program: Pid) -> Option<ExitCode> {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) if pid == program => return Some(exit_code(status)),
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return None,
            // Nothing is left to wait for, not even the program.
            Err(_) => return Some(ExitCode::FAILURE),
        }
    }
}

fn exit_code(status: WaitStatus) -> ExitCode {
    let killed = status.terminating_signal().map(|signal| KILLED + signal);
    let code = status.exit_status().or(killed);
    code.and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Signals that are passed on, and the one that says that a process has ended.
struct Signals {
    ended: unix::Signal,
    hang_up: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
    /// A terminal sends these to the child itself.
    skips_keys: bool,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            ended: signal(SignalKind::child())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            skips_keys: io::stdin().is_terminal(),
        })
    }

    /// The next signal to pass on; `None` says that a process has ended.
    async fn next(&mut self) -> Option<Signal> {
        loop {
            let (signal, is_key) = tokio::select! {
                _ = self.ended.recv() => return None,
                _ = self.hang_up.recv() => (Signal::HUP, false),
                _ = self.interrupt.recv() => (Signal::INT, true),
                _ = self.quit.recv() => (Signal::QUIT, true),
                _ = self.terminate.recv() => (Signal::TERM, false),
            };
            if !(is_key && self.skips_keys) {
                return Some(signal);
            }
        }
    }
}
