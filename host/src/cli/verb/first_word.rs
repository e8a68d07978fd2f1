//! Whether the words of the command line are for a running host. A config to start with has no subcommand before it.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;

use super::super::command::Cli;

/// The arguments of the program if they are for a running host: its first word is neither an option, nor a subcommand, nor a
/// config to start with.
pub(in crate::cli) fn words(arguments: impl Iterator<Item = OsString>) -> Option<Vec<String>> {
    let words: Vec<String> = arguments
        .map(|word| word.into_string().ok())
        .collect::<Option<_>>()?;
    let first = words.first()?;
    let is_known = |name: &str| Cli::command().find_subcommand(name).is_some() || name == "help";
    let is_other = first.is_empty() || first.starts_with('-') || is_known(first);
    (!is_other && !is_start(&words)).then_some(words)
}

/// Options that only commands for a running host have.
const CLIENT_OPTIONS: [&str; 2] = ["--config", "--json"];

/// Whether a host is to be started: `CONFIG`, or `ACCOUNT API_KEY CONFIG`.
fn is_start(words: &[String]) -> bool {
    let is_client = |word: &String| {
        let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
        CLIENT_OPTIONS.contains(&name)
    };
    if words.iter().any(is_client) {
        return false;
    }
    let start = Cli::command();
    // What follows such an option of a host that is started is not a word of its own.
    let has_value = |word: &str| {
        let option = word.strip_prefix("--");
        let mut options = start.get_arguments();
        option.is_some()
            && options.any(|it| it.get_long() == option && it.get_action().takes_values())
    };
    let mut positionals = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if has_value(word) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Option<Vec<String>> {
        words(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn configs_options_and_subcommands_are_no_verbs() {
        for line in [
            "config.json",
            "./config",
            "/dev/stdin --port 0",
            "0x12ab key config.json",
            "account key --port 1 config.json",
            "0x12ab key config.json --record night.rec",
            "0x12ab --record night.rec key config.json",
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
        for line in [
            "cordon west --config config.json",
            "cordon west --config=x/config.json",
        ] {
            assert!(split(line).is_some(), "{line}");
        }
    }
}
