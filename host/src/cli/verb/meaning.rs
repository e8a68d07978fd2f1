//! What a word stands for: a panel or a command of a running extension. Pure.

use clap::CommandFactory;

use super::super::call::words::WordsError;
use super::super::command::Cli;
use crate::config::Suggestion;
use crate::control::report::{ExtensionCommands, PanelInfo};

/// Why a word has no meaning.
#[derive(Debug, thiserror::Error)]
pub(super) enum VerbError {
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
pub(super) enum Meaning {
    Panel(String),
    Command { extension: String, command: String },
}

/// What `word` stands for.
///
/// # Errors
///
/// Nothing has this name, or several things have it.
pub(super) fn meaning(
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

#[cfg(test)]
mod tests {
    use tig_plugin_api::CommandInfo;

    use super::*;

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
            extension("agent_manager", &["cordon", "pause", "both"]),
            extension("submitted_manager", &["pause", "skip_block"]),
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
            ("submitted_manager", "skip_block")
        );
    }

    #[test]
    fn word_of_several_meanings_is_ambiguous() {
        let error = found("pause").unwrap_err();
        assert!(matches!(error, VerbError::Ambiguous { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "`pause` has several meanings: use `tig-host call agent_manager pause`, or `tig-host call submitted_manager pause`"
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
}
