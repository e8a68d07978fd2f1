//! `tig-host call`: calls a command of an extension of a running host, shows its progress, and ends with its code.

mod arguments;
mod follow;
mod listing;
pub(super) mod words;

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tig_process::error_chain::error_chain;
use tig_process::signals::{HangUp, Requests};
use tig_process::text_file::{self, TextError};

use self::arguments::ArgumentsError;
use self::follow::Reports;
use self::words::{Words, WordsError};
use super::admin::{AdminError, Where};
use super::output::{self, escaped};
use crate::control::CallError;
use crate::control::admin::AdminFile;
use crate::control::calls::{ARGUMENTS_BYTES_MAX, check, find, find_extension};
use crate::control::report::{CallLine, CommandsReport, ExtensionCommands};
use crate::exit_code;

/// A wrong command line, as for `clap`.
pub(super) const USAGE: u8 = 2;

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
enum CallFailure {
    /// The host is not reached, or has refused.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The names or arguments do not fit the host's list.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The command line has no meaning.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// The arguments have no meaning.
    #[error(transparent)]
    Arguments(#[from] ArgumentsError),
    /// The file of `--arguments` cannot be read.
    #[error("cannot read the arguments from {file}: {source}")]
    File {
        /// The file, or `-`.
        file: String,
        /// Why not.
        source: TextError,
    },
    /// The arguments are too long for the host.
    #[error("the arguments are longer than {ARGUMENTS_BYTES_MAX} bytes of JSON")]
    TooLong,
    /// The reports have ended before the command.
    #[error(
        "the host (process {pid}) went away before `{command}` of `{extension}` had ended ({reason}); see its log, and \
         what the extension has stored"
    )]
    Gone {
        /// Process id of the host.
        pid: u32,
        /// Name of the extension.
        extension: String,
        /// Name of the command.
        command: String,
        /// What was seen of it.
        reason: String,
    },
    /// The host says that the result is lost.
    #[error("{0}")]
    Lost(String),
    /// A signal, or standard output is closed.
    #[error("interrupted: {0}")]
    Interrupted(String),
}

impl CallFailure {
    fn report(&self) -> ExitCode {
        let code = match self {
            Self::Admin(error) => return error.report(),
            Self::Call(CallError::Arguments { .. })
            | Self::Words(_)
            | Self::Arguments(_)
            | Self::File { .. }
            | Self::TooLong => USAGE,
            Self::Call(_) => exit_code::REFUSED,
            Self::Gone { .. } | Self::Lost(_) => exit_code::RESULT_LOST,
            Self::Interrupted(_) => exit_code::INTERRUPTED,
        };
        output::error_line(&escaped(&error_chain(self)));
        code.into()
    }
}

/// A command of a running host.
struct Target {
    file: AdminFile,
    extension: String,
    command: String,
}

impl Target {
    fn gone(&self, reason: &str) -> CallFailure {
        CallFailure::Gone {
            pid: self.file.pid,
            extension: self.extension.clone(),
            command: self.command.clone(),
            reason: reason.to_owned(),
        }
    }
}

/// Calls the command that `words` name, or lists commands.
pub(super) fn call(place: Where, arguments: Option<&Path>, words: Vec<String>) -> ExitCode {
    call_or_list(place, arguments, words).unwrap_or_else(|failure| failure.report())
}

fn call_or_list(
    mut place: Where,
    arguments: Option<&Path>,
    words: Vec<String>,
) -> Result<ExitCode, CallFailure> {
    let words = Words::parse(words, &mut place)?;
    let reply = place.get("/commands")?;
    let listed = CommandsReport::deserialize(&reply)
        .map_err(AdminError::Reply)?
        .extensions;
    if words.extension.is_none() {
        if place.json {
            output::json(&reply);
        } else {
            listing::print(&listed);
        }
        return Ok(ExitCode::SUCCESS);
    }
    call_listed(&place, &listed, words, arguments)
}

/// Calls the command of one of the `listed` extensions that `words` name.
pub(super) fn call_named(place: &Where, listed: &[ExtensionCommands], words: Words) -> ExitCode {
    call_listed(place, listed, words, None).unwrap_or_else(|failure| failure.report())
}

fn call_listed(
    place: &Where,
    listed: &[ExtensionCommands],
    words: Words,
    arguments: Option<&Path>,
) -> Result<ExitCode, CallFailure> {
    let Words {
        extension,
        command,
        positionals,
        mut given,
        arguments_file,
        help,
    } = words;
    let extension = extension.unwrap_or_default();
    let owner = find_extension(listed, &extension)?;
    let Some(command) = command else {
        if let Some(word) = positionals.into_iter().next() {
            return Err(ArgumentsError::Unexpected(word).into());
        }
        if place.json {
            output::json(owner);
        } else {
            listing::print([owner]);
        }
        return Ok(ExitCode::SUCCESS);
    };
    let info = find(listed, &extension, &command)?;
    if help {
        let lines = listing::lines(&extension, info);
        lines.iter().for_each(|line| output::line(&escaped(line)));
        return Ok(ExitCode::SUCCESS);
    }
    let base = match arguments_file.as_deref().or(arguments) {
        Some(file) => arguments::parse(&read(file)?)?,
        None => Map::new(),
    };
    let schema = info.arguments.as_ref();
    arguments::place(schema, positionals, &mut given)?;
    let arguments = arguments::merge(schema, base, &given)?;
    check(info, &arguments)?;
    if arguments.to_string().len() > ARGUMENTS_BYTES_MAX {
        return Err(CallFailure::TooLong);
    }
    let target = Target {
        file: place.admin_file()?,
        extension,
        command,
    };
    run(&target, &arguments, place.json)
}

/// Text of the file, or of standard input.
fn read(file: &Path) -> Result<String, CallFailure> {
    let bytes_max = ARGUMENTS_BYTES_MAX as u64;
    let text = if file == Path::new("-") {
        let mut text = String::new();
        let mut stdin = std::io::stdin().lock().take(bytes_max + 1);
        let read = stdin.read_to_string(&mut text).map_err(TextError::Read);
        read.and_then(|length| {
            if length > ARGUMENTS_BYTES_MAX {
                return Err(TextError::TooLong { bytes_max });
            }
            Ok(text)
        })
    } else {
        text_file::read(file, bytes_max)
    };
    text.map_err(|source| CallFailure::File {
        file: file.display().to_string(),
        source,
    })
}

/// Calls the command, and shows its reports until it ends, or the caller wants to see no more of it.
fn run(target: &Target, arguments: &Value, as_json: bool) -> Result<ExitCode, CallFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(AdminError::System)?;
    runtime.block_on(async {
        let mut requests = Requests::listen(HangUp::Stops, false).map_err(AdminError::System)?;
        let Target {
            extension, command, ..
        } = target;
        let mut reports = tokio::select! {
            started = follow::start(target, arguments) => started?,
            reason = requests.stop() => return Err(CallFailure::Interrupted(format!(
                "{reason}; `{command}` waits for `{extension}`, and is carried out without this program"
            ))),
        };
        let goes_on = |reason: &str| {
            CallFailure::Interrupted(format!(
                "{reason}; `{command}` of `{extension}` goes on in the host"
            ))
        };
        loop {
            let shown = tokio::select! {
                shown = show_next(&mut reports, as_json) => shown?,
                reason = requests.stop() => return Err(goes_on(&reason.to_string())),
            };
            if let Some(code) = shown {
                return Ok(code.into());
            }
            if output::is_closed() {
                return Err(goes_on("standard output is closed"));
            }
        }
    })
}

/// Shows the next report; returns the code of the last.
async fn show_next(reports: &mut Reports<'_>, as_json: bool) -> Result<Option<u8>, CallFailure> {
    let (text, line) = reports.next().await?;
    if as_json {
        output::line(&text);
    }
    match line {
        CallLine::Started { .. } => {}
        CallLine::Progress(_) if as_json => {}
        CallLine::Progress(text) => output::note_line(&escaped(&text)),
        CallLine::Finished { code, value } => {
            if !as_json {
                show_value(&value);
            }
            return Ok(Some(code));
        }
        CallLine::Error(reason) => return Err(CallFailure::Lost(reason)),
    }
    Ok(None)
}

/// Prints a text by its lines, and anything else as JSON; `null` stands for nothing.
fn show_value(value: &RawValue) {
    match serde_json::from_str(value.get()) {
        Ok(Value::Null) => {}
        Ok(Value::String(text)) => text.lines().for_each(|line| output::line(&escaped(line))),
        Ok(value) => output::line(&format!("{value:#}")),
        // Numbers that this program cannot hold.
        Err(_) => output::line(value.get()),
    }
}
