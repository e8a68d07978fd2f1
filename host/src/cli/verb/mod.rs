//! Words that are not subcommands of the program: panels and commands of a running host's extensions.

mod first_word;
mod meaning;

use std::process::ExitCode;

use clap::CommandFactory;

pub(super) use self::first_word::words;
use self::meaning::{Meaning, VerbError, meaning};
use super::admin::{AdminError, Where};
use super::call::words::{Given, Words};
use super::call::{self, USAGE};
use super::client::{self, OperatorClient, runtime};
use super::command::Cli;
use super::output;
use super::show::{self, PanelArguments};
use super::shown_text::escaped;
use crate::config::Suggestion;
use crate::control::report::{CommandsReport, ExtensionCommands, PanelInfo, PanelsReport};

/// Shows the panel or calls the command that the first word names.
pub(super) fn run(words: Vec<String>) -> ExitCode {
    let mut place = Where {
        config: None,
        backup: None,
        json: false,
    };
    let mut words = match Words::parse(words, &mut place) {
        Ok(words) => words,
        Err(error) => return refused(&error.into()),
    };
    let word = words.extension.take().unwrap_or_default();
    let mut positionals: Vec<String> = words.command.take().into_iter().collect();
    positionals.append(&mut words.positionals);
    let (panels, commands) = match known(&place) {
        Ok(known) => known,
        Err(error) => return not_asked(&word, &error),
    };
    match meaning(&word, &panels, &commands) {
        Ok(Meaning::Panel(name)) => match panel(&place, &name, positionals, &words.given) {
            Ok(done) => done.unwrap_or_else(|error| error.report()),
            Err(error) => refused(&error),
        },
        Ok(Meaning::Command { extension, command }) => {
            words.extension = Some(extension);
            words.command = Some(command);
            words.positionals = positionals;
            call::call_named(&place, &commands, words)
        }
        Err(error) => refused(&error),
    }
}

fn refused(error: &VerbError) -> ExitCode {
    output::error_line(&escaped(&error.to_string()));
    USAGE.into()
}

/// The host that could know the word is not reached.
fn not_asked(word: &str, error: &AdminError) -> ExitCode {
    let command = Cli::command();
    let names = command.get_subcommands().map(clap::Command::get_name);
    let suggestion = Suggestion::find(word, names);
    let reason = client::text(error);
    output::error_line(&escaped(&format!(
        "cannot ask a running host whether it has a panel or command `{word}`, which is not a file or subcommand: {reason}{suggestion}"
    )));
    error.exit_code()
}

/// Panels and commands of the running host.
fn known(place: &Where) -> Result<(Vec<PanelInfo>, Vec<ExtensionCommands>), AdminError> {
    let client = OperatorClient::new(place)?;
    let runtime = runtime()?;
    let panels: PanelsReport = runtime.block_on(client.get("v1/panels", &[]))?;
    let commands: CommandsReport = runtime.block_on(client.get("v1/commands", &[]))?;
    Ok((panels.panels, commands.extensions))
}

fn panel(
    place: &Where,
    name: &str,
    positionals: Vec<String>,
    given: &[Given],
) -> Result<Result<ExitCode, AdminError>, VerbError> {
    if let Some(further) = positionals.get(1) {
        return Err(VerbError::TooMany(further.clone()));
    }
    let arguments = panel_arguments(given)?;
    let id = positionals.first().map(String::as_str);
    Ok(show::panel(place, Some(name), id, &arguments))
}

fn panel_arguments(given: &[Given]) -> Result<PanelArguments, VerbError> {
    let mut arguments = PanelArguments::default();
    for Given { key, value } in given {
        let needs = |what| VerbError::Value(key.clone(), what);
        let text = || value.clone().ok_or_else(|| needs("a text"));
        let number = || text()?.parse().map_err(|_| needs("a whole number"));
        match key.as_str() {
            "find" => arguments.find = Some(text()?),
            "limit" => arguments.limit = Some(number()?),
            "offset" => arguments.offset = Some(number()?),
            _ => return Err(VerbError::Option(key.clone())),
        }
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::super::call::words::WordsError;
    use super::*;

    #[test]
    fn options_of_a_panel_are_checked() {
        let given = |key: &str, value: Option<&str>| {
            let value = value.map(str::to_owned);
            panel_arguments(&[Given {
                key: key.to_owned(),
                value,
            }])
        };
        assert_eq!(given("limit", Some("3")).unwrap().limit, Some(3));
        let error = given("limit", Some("x")).unwrap_err();
        assert!(matches!(error, VerbError::Value(..)), "{error}");
        let error = given("port", Some("1")).unwrap_err();
        assert!(matches!(error, VerbError::Option(_)), "{error}");
        let place = Where {
            config: None,
            backup: None,
            json: false,
        };
        let further = vec!["a".to_owned(), "b".to_owned()];
        let error = panel(&place, "jobs", further, &[]).unwrap_err();
        assert!(matches!(error, VerbError::TooMany(_)), "{error}");
        let error = VerbError::from(WordsError::NoValue("config".to_owned()));
        assert!(matches!(error, VerbError::Words(_)), "{error}");
    }
}
