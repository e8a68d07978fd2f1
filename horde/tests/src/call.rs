//! Calls of commands by `tig-host call --json`.

use std::io::{self, BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::process::{Child, ChildStdout, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::site::Site;

/// A line of the program.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The command has started.
    Started(Value),
    /// Progress.
    Progress(String),
    /// The command has ended.
    Finished {
        /// Its exit code.
        code: u8,
        /// Its result.
        value: Value,
    },
    /// The command has not started, or its host is gone.
    Error(String),
}

/// A running call.
#[derive(Debug)]
pub struct Call {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The program or its pipes.
    #[error("tig-host call")]
    Run(#[from] io::Error),
    /// A line that is not one of the program's.
    #[error("tig-host call has written {line:?}")]
    Line {
        /// The line.
        line: String,
        /// Why it is not understood.
        source: serde_json::Error,
    },
    /// The end came before the result.
    #[error("tig-host call has ended without a result: {0}")]
    Ended(String),
}

impl Call {
    /// Calls a command of an extension of the running host.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn start(
        site: &Site,
        (extension, command): (&str, &str),
        arguments: &Value,
    ) -> Result<Self, CallError> {
        let mut child = site
            .ask_host(&["call", extension, command, "--json", "--arguments", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let mut stdin = child.stdin.take().ok_or_else(missing)?;
        stdin.write_all(arguments.to_string().as_bytes())?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        Ok(Self {
            child,
            lines: BufReader::new(stdout).lines(),
        })
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn next_line(&mut self) -> Result<Option<Line>, CallError> {
        let Some(line) = self.lines.next().transpose()? else {
            return Ok(None);
        };
        match serde_json::from_str(&line) {
            Ok(line) => Ok(Some(line)),
            Err(source) => Err(CallError::Line { line, source }),
        }
    }

    /// Waits for the result, and shows each line of progress to `show`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub fn finish(mut self, mut show: impl FnMut(&str)) -> Result<(u8, Value), CallError> {
        while let Some(line) = self.next_line()? {
            match line {
                Line::Started(_) => {}
                Line::Progress(text) => show(&text),
                Line::Finished { code, value } => return Ok((code, value)),
                Line::Error(text) => return Err(CallError::Ended(text)),
            }
        }
        let mut text = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            stderr.read_to_string(&mut text)?;
        }
        Err(CallError::Ended(text.trim().to_owned()))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Both fail only if the program has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
