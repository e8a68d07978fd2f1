//! Calls of extensions' commands, for the admin socket and tests.

use std::time::Duration;

use serde_json::Value;
use tig_plugin_api::frame::CommandHead;
use tig_plugin_api::{CommandInfo, Ticket};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Control;
use super::report::ExtensionCommands;
use crate::config::schema::faults;
use crate::config::{Fault, Suggestion, joined};
use crate::runtime::commands::{CommandReport, TooManyWaited};
use crate::runtime::item::{CommandCall, StartError, StartResult};
use crate::runtime::mailbox::COMMAND_CALLS_MAX;

/// Bytes of a call's arguments, as JSON.
pub(crate) const ARGUMENTS_BYTES_MAX: usize = 1 << 20;

/// Time for the notice of a start after the reports of the call have ended.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a command is not called, or its end is not known.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No such extension runs.
    #[error("no extension `{name}` is running{suggestion}")]
    UnknownExtension {
        /// The requested name.
        name: String,
        /// A running extension with a similar name.
        suggestion: String,
    },
    /// The extension's manifest lists no such command.
    #[error("extension `{extension}` has no command `{command}`{suggestion}")]
    UnknownCommand {
        /// Name of the extension.
        extension: String,
        /// The requested name.
        command: String,
        /// A command with a similar name, or where to find their names.
        suggestion: String,
    },
    /// The arguments do not fit the manifest's schema. All faults together.
    #[error("arguments of `{command}`: {}", joined(faults))]
    Arguments {
        /// Name of the command.
        command: String,
        /// At least one, with paths that start at the arguments.
        faults: Vec<Fault>,
    },
    /// No further call can be waited for.
    #[error(transparent)]
    TooManyWaited(#[from] TooManyWaited),
    /// The extension has not started it.
    #[error("`{command}` of `{extension}` has not started: {source}")]
    NotStarted {
        /// Name of the extension.
        extension: String,
        /// Name of the command.
        command: String,
        /// The extension's reason.
        source: StartError,
    },
    /// Nobody will report the end of the call.
    #[error(
        "the result of `{command}` is lost: extension `{extension}` was removed or has failed too often, or the host is \
         stopping; see its log"
    )]
    Lost {
        /// Name of the extension.
        extension: String,
        /// Name of the command.
        command: String,
    },
}

/// A call of a command that has started. The work goes on if this is dropped; its result goes nowhere then.
#[derive(Debug)]
pub struct Call {
    names: Names,
    ticket: Ticket,
    /// A report that came before the notice of the start.
    first: Option<CommandReport>,
    reports: Receiver<CommandReport>,
}

#[derive(Clone, Debug)]
struct Names {
    extension: String,
    command: String,
}

impl Names {
    fn lost(&self) -> CallError {
        CallError::Lost {
            extension: self.extension.clone(),
            command: self.command.clone(),
        }
    }

    fn not_started(&self, source: StartError) -> CallError {
        CallError::NotStarted {
            extension: self.extension.clone(),
            command: self.command.clone(),
            source,
        }
    }
}

impl Call {
    /// Names the call to the extension.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        self.ticket
    }

    /// Waits for the next report. [`CommandReport::Finished`] is the last.
    ///
    /// # Errors
    ///
    /// [`CallError::Lost`], also after the last report.
    pub async fn next(&mut self) -> Result<CommandReport, CallError> {
        let report = match self.first.take() {
            Some(report) => Some(report),
            None => self.reports.recv().await,
        };
        report.ok_or_else(|| self.names.lost())
    }
}

impl Control {
    /// The commands of all running extensions, in the config's order.
    #[must_use]
    pub(crate) fn commands(&self) -> Vec<ExtensionCommands> {
        let extensions = self.0.parts.shared.services.bus.extensions();
        let listed = extensions.iter().map(|extension| {
            let manifest = extension.manifest();
            ExtensionCommands {
                name: extension.name.clone(),
                version: extension.version(),
                commands: manifest.map_or_else(Vec::new, |manifest| manifest.commands.clone()),
            }
        });
        listed.collect()
    }

    /// Calls a command of an extension, and waits until it has started and what it stored is on disk.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn call(
        &self,
        extension: &str,
        command: &str,
        arguments: &Value,
    ) -> Result<Call, CallError> {
        let listed = self.commands();
        let info = find(&listed, extension, command)?;
        check(info, arguments)?;
        let (call, notice) = self.submit(extension, command, arguments)?;
        call.started(notice).await
    }

    /// Puts a call into the mailbox of its extension. The mailbox is not kept: its end ends the wait.
    fn submit(
        &self,
        extension: &str,
        command: &str,
        arguments: &Value,
    ) -> Result<(Call, oneshot::Receiver<StartResult>), CallError> {
        let names = Names {
            extension: extension.to_owned(),
            command: command.to_owned(),
        };
        let services = &self.0.parts.shared.services;
        let mut owners = services.bus.extensions().into_iter();
        // Removed since it was listed.
        let Some(owner) = owners.find(|owner| owner.name == extension) else {
            return Err(names.lost());
        };
        let (ticket, reports) = services.commands.wait(&owner.mailbox, &services.random)?;
        let (sender, notice) = oneshot::channel();
        let head = CommandHead {
            ticket,
            command: command.to_owned(),
        };
        let arguments = arguments.to_string().into_bytes();
        let call = CommandCall { head, arguments };
        if !owner.mailbox.put_command_call(call, sender) {
            let reason = format!(
                "{COMMAND_CALLS_MAX} calls wait for `{extension}` already; try again when it has handled some"
            );
            return Err(names.not_started(StartError::Failed(reason)));
        }
        let call = Call {
            names,
            ticket,
            first: None,
            reports,
        };
        Ok((call, notice))
    }
}

impl Call {
    /// Waits for the notice of the start.
    async fn started(
        mut self,
        mut notice: oneshot::Receiver<StartResult>,
    ) -> Result<Self, CallError> {
        let noticed = tokio::select! {
            biased;
            noticed = &mut notice => noticed.ok(),
            // A report is made by a handler that has returned `Ok`, just before the notice.
            report = self.reports.recv() => match report {
                Some(report) => {
                    self.first = Some(report);
                    Some(Ok(()))
                }
                // A handler that has failed once too often ends all waits just before its own notice.
                None => timeout(NOTICE_TIMEOUT, notice).await.ok().and_then(Result::ok),
            },
        };
        match noticed {
            Some(Ok(())) => Ok(self),
            Some(Err(source)) => Err(self.names.not_started(source)),
            // The mailbox is gone, or will be.
            None => Err(self.names.lost()),
        }
    }
}

/// The command of this name.
///
/// # Errors
///
/// [`CallError::UnknownExtension`], [`CallError::UnknownCommand`].
pub(crate) fn find<'a>(
    listed: &'a [ExtensionCommands],
    extension: &str,
    command: &str,
) -> Result<&'a CommandInfo, CallError> {
    let owner = find_extension(listed, extension)?;
    let mut commands = owner.commands.iter();
    commands
        .find(|info| info.name == command)
        .ok_or_else(|| CallError::UnknownCommand {
            extension: extension.to_owned(),
            command: command.to_owned(),
            suggestion: command_suggestion(owner, command),
        })
}

/// The running extension of this name.
///
/// # Errors
///
/// [`CallError::UnknownExtension`].
pub(crate) fn find_extension<'a>(
    listed: &'a [ExtensionCommands],
    name: &str,
) -> Result<&'a ExtensionCommands, CallError> {
    let mut extensions = listed.iter();
    extensions
        .find(|extension| extension.name == name)
        .ok_or_else(|| {
            let known = listed.iter().map(|extension| extension.name.as_str());
            CallError::UnknownExtension {
                name: name.to_owned(),
                suggestion: Suggestion::find(name, known).to_string(),
            }
        })
}

fn command_suggestion(owner: &ExtensionCommands, command: &str) -> String {
    if owner.commands.is_empty() {
        return "; it has none".to_owned();
    }
    let known = owner.commands.iter().map(|info| info.name.as_str());
    let suggestion = Suggestion::find(command, known).to_string();
    if suggestion.is_empty() {
        return format!("; `tig-host call {}` lists them", owner.name);
    }
    suggestion
}

/// Checks arguments against the schema of the command.
///
/// # Errors
///
/// [`CallError::Arguments`], with all faults.
pub(crate) fn check(info: &CommandInfo, arguments: &Value) -> Result<(), CallError> {
    let Some(schema) = &info.arguments else {
        return Ok(());
    };
    let faults = faults(schema, arguments, "");
    if faults.is_empty() {
        return Ok(());
    }
    let command = info.name.clone();
    Err(CallError::Arguments { command, faults })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed() -> Vec<ExtensionCommands> {
        let schema = json!({
            "type": "object",
            "properties": { "count": { "type": "integer", "minimum": 0, "maximum": 9 } },
            "required": ["count"],
            "additionalProperties": false,
        });
        let command = CommandInfo {
            name: "run_batch".to_owned(),
            about: String::new(),
            arguments: Some(schema),
        };
        let extension = |name: &str, commands| ExtensionCommands {
            name: name.to_owned(),
            version: "1".to_owned(),
            commands,
        };
        vec![
            extension("batch", vec![command]),
            extension("counter", Vec::new()),
        ]
    }

    fn refusal(extension: &str, command: &str) -> String {
        let error = find(&listed(), extension, command).unwrap_err();
        let is_unknown = matches!(
            error,
            CallError::UnknownExtension { .. } | CallError::UnknownCommand { .. }
        );
        assert!(is_unknown, "{error:?}");
        error.to_string()
    }

    #[test]
    fn unknown_names_come_with_a_suggestion() {
        assert_eq!(
            refusal("batsh", "run_batch"),
            "no extension `batsh` is running; did you mean `batch`?"
        );
        assert_eq!(
            refusal("batch", "run_bath"),
            "extension `batch` has no command `run_bath`; did you mean `run_batch`?"
        );
        assert_eq!(
            refusal("batch", "stop"),
            "extension `batch` has no command `stop`; `tig-host call batch` lists them"
        );
        assert_eq!(
            refusal("counter", "stop"),
            "extension `counter` has no command `stop`; it has none"
        );
    }

    #[test]
    fn all_faults_of_arguments_have_their_paths() {
        let listed = listed();
        let info = find(&listed, "batch", "run_batch").unwrap();
        assert!(check(info, &json!({ "count": 9 })).is_ok());
        let error = check(info, &json!({ "count": 10, "cuont": 1 })).unwrap_err();
        assert!(matches!(error, CallError::Arguments { .. }), "{error:?}");
        assert_eq!(
            error.to_string(),
            "arguments of `run_batch`: count: 10 is not between 0 and 9; also: cuont: unknown key; did you mean `count`?"
        );
    }

    fn call(reports: Receiver<CommandReport>) -> Call {
        Call {
            names: Names {
                extension: "a".to_owned(),
                command: "b".to_owned(),
            },
            ticket: Ticket::from_number(1),
            first: None,
            reports,
        }
    }

    #[tokio::test]
    async fn start_that_is_refused_keeps_its_reason() {
        let reasons = [
            (StartError::Failed("too late".to_owned()), "too late"),
            (
                StartError::Broken("a".to_owned()),
                "extension `a` has failed; see the host's log",
            ),
        ];
        for (reason, text) in reasons {
            // The wait may have ended before the reason comes.
            let reports = tokio::sync::mpsc::channel(1).1;
            let (sender, notice) = oneshot::channel();
            let waiting = tokio::spawn(call(reports).started(notice));
            tokio::task::yield_now().await;
            sender.send(Err(reason)).unwrap();
            let error = waiting.await.unwrap().unwrap_err();
            assert!(matches!(error, CallError::NotStarted { .. }), "{error:?}");
            assert_eq!(
                error.to_string(),
                format!("`b` of `a` has not started: {text}")
            );
        }
    }

    #[tokio::test]
    async fn report_before_the_notice_of_the_start_is_kept() {
        let (sender, reports) = tokio::sync::mpsc::channel(1);
        let call = call(reports);
        let (_waits, notice) = oneshot::channel();
        let progress = CommandReport::Progress("1 of 2".to_owned());
        sender.try_send(progress.clone()).unwrap();
        let mut call = call.started(notice).await.unwrap();
        assert_eq!(call.next().await.unwrap(), progress);
        drop(sender);
        let lost = call.next().await.unwrap_err();
        assert!(matches!(lost, CallError::Lost { .. }), "{lost}");
    }
}
