//! Calls a command of an extension by `tig-host call`.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::mem;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tig_process::signals::StopFlag;

use super::{HostProgram, RunError};
use crate::exit_code::REFUSED;

/// Longest time until a signal is noticed.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);
/// Longest wait for the end of a program that has closed its output.
const END_TIMEOUT: Duration = Duration::from_secs(2);
/// Time between two looks whether it has ended.
const END_INTERVAL: Duration = Duration::from_millis(10);
/// Bytes of the error text that are kept.
const ERROR_BYTES_MAX: u64 = 64 << 10;
/// Longest line of the program, in bytes: a report on a thousand miners has less than one million.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// How a command has ended.
#[derive(Debug)]
pub(crate) struct Called {
    /// The command's exit code.
    pub(crate) code: u8,
    /// Its result.
    pub(crate) value: Value,
}

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The program cannot be run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The validator has refused the call.
    #[error("{0}")]
    Refused(String),
    /// The program has ended without a result.
    #[error("{0}")]
    NoResult(String),
    /// A signal came first.
    #[error("interrupted")]
    Interrupted,
    /// The program writes something else.
    #[error(
        "tig-host has written {0:?}, which this program does not know; use the two of one version"
    )]
    Unknown(String),
    /// The operating system has no room for a call.
    #[error("cannot call a command")]
    System(#[source] io::Error),
}

/// A line of `tig-host call --json`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Started(IgnoredAny),
    Progress(String),
    Finished { code: u8, value: Value },
    Error(String),
}

/// Calls a command and shows its progress, until a signal comes.
///
/// # Errors
///
/// See [`CallError`].
pub(crate) fn call(
    host: &HostProgram,
    (extension, command): (&str, &str),
    arguments: &Value,
    stop: &StopFlag,
    show: impl Fn(&str),
) -> Result<Called, CallError> {
    let mut child = host
        .command(&["call", extension, command, "--json", "--arguments", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| host.not_run(source))?;
    let mut result = talk(&mut child, arguments, stop, show);
    if let Err(CallError::NoResult(text)) = &mut result
        && ended(&mut child).and_then(|status| status.code()) == Some(i32::from(REFUSED))
    {
        result = Err(CallError::Refused(mem::take(text)));
    }
    // The client has ended or is not needed any more; the work goes on in the host. Both fail only if it has ended.
    let _ = child.kill();
    let _ = child.wait();
    result
}

fn talk(
    child: &mut Child,
    arguments: &Value,
    stop: &StopFlag,
    show: impl Fn(&str),
) -> Result<Called, CallError> {
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(CallError::System(io::Error::other("a pipe is missing")));
    };
    send(stdin, arguments)?;
    let errors = read_errors(stderr)?;
    let lines = read_lines(stdout)?;
    loop {
        match lines.recv_timeout(SIGNAL_INTERVAL) {
            Ok(line) => match parse(&line)? {
                Line::Started(_) => {}
                Line::Progress(text) => show(&text),
                Line::Finished { code, value } => return Ok(Called { code, value }),
                Line::Error(text) => return Err(CallError::NoResult(text)),
            },
            Err(RecvTimeoutError::Timeout) if stop.reason().is_some() => {
                return Err(CallError::Interrupted);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) if stop.reason().is_some() => {
                return Err(CallError::Interrupted);
            }
            Err(RecvTimeoutError::Disconnected) => {
                let text = errors.recv().unwrap_or_default();
                return Err(CallError::NoResult(without_prefix(&text)));
            }
        }
    }
}

/// How a program has ended that writes no more.
fn ended(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + END_TIMEOUT;
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(END_INTERVAL),
            Ok(status) => return status,
            Err(_) => return None,
        }
    }
}

fn parse(line: &str) -> Result<Line, CallError> {
    serde_json::from_str(line).map_err(|_| {
        let shown: String = line.chars().take(200).collect();
        CallError::Unknown(shown)
    })
}

/// The program's error text as a part of ours.
fn without_prefix(text: &str) -> String {
    text.strip_prefix("error: ").unwrap_or(text).to_owned()
}

fn send(mut stdin: ChildStdin, arguments: &Value) -> Result<(), CallError> {
    let text = arguments.to_string();
    match stdin.write_all(text.as_bytes()) {
        // A client that has ended says why on its standard error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CallError::System(error)),
        _ => Ok(()),
    }
}

fn read_errors(stderr: ChildStderr) -> Result<Receiver<String>, CallError> {
    let (sender, receiver) = channel();
    let read = move || {
        let mut bytes = Vec::new();
        // What can be read of it is better than nothing.
        let _ = stderr.take(ERROR_BYTES_MAX).read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        // Nobody reads it if the call has ended with a result.
        let _ = sender.send(text);
    };
    thread::Builder::new()
        .spawn(read)
        .map_err(CallError::System)?;
    Ok(receiver)
}

fn read_lines(stdout: ChildStdout) -> Result<Receiver<String>, CallError> {
    let (sender, receiver) = channel();
    let read = move || {
        let mut reader = BufReader::new(stdout);
        loop {
            let mut line = String::new();
            match reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line) {
                Ok(0) | Err(_) => return,
                // Nobody reads further lines if the call has ended.
                Ok(_) if sender.send(line.trim_end().to_owned()).is_err() => return,
                Ok(_) => {}
            }
        }
    };
    thread::Builder::new()
        .spawn(read)
        .map_err(CallError::System)?;
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_of_the_program_is_called_an_error_once() {
        assert_eq!(without_prefix("error: no room"), "no room");
        assert_eq!(without_prefix("killed"), "killed");
    }

    #[test]
    fn lines_of_the_program_are_read() {
        assert!(
            matches!(parse(r#"{"progress":"1 of 2"}"#), Ok(Line::Progress(text)) if text == "1 of 2")
        );
        let finished = r#"{"finished":{"code":3,"value":{"a":1}}}"#;
        assert!(matches!(
            parse(finished),
            Ok(Line::Finished { code: 3, .. })
        ));
        assert!(matches!(parse("ready"), Err(CallError::Unknown(text)) if text == "ready"));
    }
}
