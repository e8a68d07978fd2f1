//! Words that are not subcommands of the program: panels and commands of a running host's extensions.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;

use super::admin::{AdminError, Where};
use super::call::words::{Given, Words, WordsError};
use super::call::{self, USAGE};
use super::client::{self, OperatorClient, runtime};
use super::command::Cli;
use super::output;
use super::panel::show::{self, PanelArguments};
use super::shown_text::escaped;
use crate::config::Suggestion;
use crate::control::report::{CommandsReport, ExtensionCommands, PanelInfo, PanelsReport};

/// Options of a host that is started which have a value: what follows them is not a word of its own.
const RUN_OPTIONS: [&str; 4] = ["--api", "--backup", "--port", "--log-format"];

/// Why a word has no meaning.
#[derive(Debug, thiserror::Error)]
enum VerbError {
    /// Nothing has this name.
    #[error(
        "`{word}` is not a file, and neither a subcommand of tig-host nor a panel or command of the running host{suggestion}"
    )]
    Unknown {
        /// The word.
        word: String,
        /// What may have been meant, or nothing.
        suggestion: String,
    },
    /// Several things have this name.
    #[error("`{word}` has several meanings: use {}", ways.join(", or "))]
    Ambiguous {
        /// The word.
        word: String,
        /// How to name each of them.
        ways: Vec<String>,
    },
    /// The panel has no such option.
    #[error("a panel has no option --{0}; it has --find TEXT, --limit N, --offset N and --json")]
    Option(String),
    /// The option needs another value.
    #[error("--{0} needs {1}")]
    Value(String, &'static str),
    /// A panel shows one thing at most.
    #[error("unexpected `{0}`: a panel takes one ID at most")]
    TooMany(String),
    /// The words cannot be read.
    #[error(transparent)]
    Words(#[from] WordsError),
}

/// What a word stands for.
#[derive(Debug)]
enum Meaning {
    Panel(String),
    Command { extension: String, command: String },
}

/// The arguments of the program if they are for a running host: its first word is neither an option, nor a subcommand, nor a
/// config to start with.
pub(super) fn words(arguments: impl Iterator<Item = OsString>) -> Option<Vec<String>> {
    let words: Vec<String> = arguments
        .map(|word| word.into_string().ok())
        .collect::<Option<_>>()?;
    let first = words.first()?;
    let is_known = |name: &str| Cli::command().find_subcommand(name).is_some() || name == "help";
    let is_other = first.is_empty() || first.starts_with('-') || is_known(first);
    (!is_other && !is_start(&words)).then_some(words)
}

/// Whether a host is to be started: `CONFIG`, or `ACCOUNT API_KEY CONFIG`.
fn is_start(words: &[String]) -> bool {
    let mut positionals = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if RUN_OPTIONS.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            positionals.push(word.as_str());
        }
    }
    let is_path = |word: &str| word.contains(['/', '.']) || Path::new(word).is_file();
    match positionals[..] {
        [_, _, config] if config.ends_with(".json") || Path::new(config).is_file() => true,
        // A name of a panel or command has neither.
        [first, ..] => is_path(first),
        [] => false,
    }
}

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

fn meaning(
    word: &str,
    panels: &[PanelInfo],
    extensions: &[ExtensionCommands],
) -> Result<Meaning, VerbError> {
    let underscored = word.replace('-', "_");
    let is_meant = |name: &str| name == word || name == underscored;
    let mut found = Vec::new();
    let mut ways = Vec::new();
    for panel in panels.iter().filter(|panel| is_meant(&panel.name)) {
        ways.push(format!(
            "`tig-host panel {}` of {}",
            panel.name, panel.extension
        ));
        found.push(Meaning::Panel(panel.name.clone()));
    }
    for (extension, command) in all_commands(extensions).filter(|(_, name)| is_meant(name)) {
        ways.push(format!("`tig-host call {extension} {command}`"));
        found.push(Meaning::Command {
            extension: extension.to_owned(),
            command: command.to_owned(),
        });
    }
    match (found.pop(), found.is_empty()) {
        (Some(meaning), true) => Ok(meaning),
        (Some(_), false) => Err(VerbError::Ambiguous {
            word: word.to_owned(),
            ways,
        }),
        (None, _) => Err(VerbError::Unknown {
            word: word.to_owned(),
            suggestion: suggestion(word, panels, extensions),
        }),
    }
}

fn all_commands(extensions: &[ExtensionCommands]) -> impl Iterator<Item = (&str, &str)> {
    extensions.iter().flat_map(|extension| {
        let commands = extension.commands.iter();
        commands.map(|command| (extension.name.as_str(), command.name.as_str()))
    })
}

fn suggestion(word: &str, panels: &[PanelInfo], extensions: &[ExtensionCommands]) -> String {
    let command = Cli::command();
    let subcommands = command.get_subcommands().filter(|it| !it.is_hide_set());
    let names = subcommands.map(clap::Command::get_name);
    let names = names.chain(panels.iter().map(|panel| panel.name.as_str()));
    let names = names.chain(all_commands(extensions).map(|(_, name)| name));
    Suggestion::find(word, names).to_string()
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
    use tig_plugin_api::CommandInfo;

    use super::*;

    fn split(line: &str) -> Option<Vec<String>> {
        words(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn configs_options_and_subcommands_stay_what_they_were() {
        for line in [
            "config.json",
            "./config",
            "/dev/stdin --port 0",
            "0x12ab key config.json",
            "account key --port 1 config.json",
            "--port 0 config.json",
            "--help",
            "status",
            "probe --new x.so",
            "help",
            "",
        ] {
            assert_eq!(split(line), None, "{line}");
        }
        assert_eq!(split("jobs 12 --json").unwrap(), ["jobs", "12", "--json"]);
        assert_eq!(split("credit alice 1.5").unwrap().len(), 3);
    }

    fn extension(name: &str, commands: &[&str]) -> ExtensionCommands {
        let commands = commands.iter().map(|name| CommandInfo {
            name: (*name).to_owned(),
            about: String::new(),
            arguments: None,
        });
        ExtensionCommands {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            commands: commands.collect(),
        }
    }

    fn found(word: &str) -> Result<Meaning, VerbError> {
        let panel = |name: &str, extension: &str| PanelInfo {
            name: name.to_owned(),
            extension: extension.to_owned(),
        };
        let panels = [panel("jobs", "job_manager"), panel("both", "a")];
        let extensions = [
            extension("slave_manager", &["cordon", "pause", "both"]),
            extension("precommit_manager", &["pause", "skip_block"]),
        ];
        meaning(word, &panels, &extensions)
    }

    #[test]
    fn word_is_a_panel_or_a_command() {
        assert!(matches!(found("jobs"), Ok(Meaning::Panel(name)) if name == "jobs"));
        let Ok(Meaning::Command { extension, command }) = found("skip-block") else {
            panic!("it is a command");
        };
        assert_eq!(
            (&*extension, &*command),
            ("precommit_manager", "skip_block")
        );
    }

    #[test]
    fn word_of_several_meanings_is_ambiguous() {
        let error = found("pause").unwrap_err();
        assert!(matches!(error, VerbError::Ambiguous { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "`pause` has several meanings: use `tig-host call slave_manager pause`, or `tig-host call precommit_manager pause`"
        );
        let error = found("both").unwrap_err().to_string();
        assert!(error.contains("`tig-host panel both` of a, or"), "{error}");
    }

    #[test]
    fn unknown_word_has_a_suggestion() {
        for (word, meant) in [("statsu", "status"), ("job", "jobs"), ("cordn", "cordon")] {
            let error = found(word).unwrap_err();
            assert!(matches!(error, VerbError::Unknown { .. }), "{error}");
            let text = error.to_string();
            assert!(
                text.ends_with(&format!("did you mean `{meant}`?")),
                "{text}"
            );
        }
    }

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
