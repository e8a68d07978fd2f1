//! `tig-host plugin new`: writes the crate of a new plugin from a template.
//!
//! The templates and the crate's files are those of `tig-scaffold`; this module knows the command line and the tools that
//! build the crate.

mod toolchain;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use tig_scaffold::{API_VERSION, PluginName, WriteError, find_checkout, render, write};
use tig_scaffold::{ApiSource, ApiSourceError, GitReference, GitSource, KINDS, NameError};

use super::{fail_with, output};

/// Exit code of clap for a wrong command line.
const USAGE: u8 = 2;

/// What is to be written.
#[derive(Args, Debug)]
pub(super) struct NewPluginArguments {
    /// Name of the crate, of its file, and of its section in the config: a-z, 0-9 and _
    #[arg(value_name = "NAME")]
    name: String,
    /// What the plugin does at first
    #[arg(long, default_value = KINDS[0].name, value_parser = kinds())]
    kind: String,
    /// The folder in which the crate gets a folder of its name
    #[arg(long, value_name = "PARENT", default_value = ".")]
    folder: PathBuf,
    /// Take the plugin API from this folder; by default from the clone that this program was built in
    #[arg(long, value_name = "PATH", group = "api")]
    api_path: Option<PathBuf>,
    /// Take it from this git repository
    #[arg(long, value_name = "URL", group = "api")]
    api_git: Option<String>,
    /// A commit of that
    #[arg(long, value_name = "COMMIT", requires = "api_git", group = "reference")]
    api_rev: Option<String>,
    /// A tag of that
    #[arg(long, value_name = "TAG", requires = "api_git", group = "reference")]
    api_tag: Option<String>,
    /// A branch of that; by default the main one
    #[arg(long, value_name = "BRANCH", requires = "api_git", group = "reference")]
    api_branch: Option<String>,
    /// Take this version of it from the registry that cargo asks, which must have it
    #[arg(long, value_name = "VERSION", group = "api")]
    api_version: Option<String>,
}

fn kinds() -> impl TypedValueParser<Value = String> {
    let kinds = KINDS.iter();
    PossibleValuesParser::new(kinds.map(|kind| PossibleValue::new(kind.name).help(kind.about)))
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum NewPluginError {
    /// The name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The source of the plugin API.
    #[error(transparent)]
    Api(#[from] ApiSourceError),
    /// No source is given and none is found.
    #[error(
        "the plugin API is in no registry yet, and this program lies in no clone of its repository; give --api-path CLONE/plugin-api, --api-git URL, or --api-version {API_VERSION} if a registry of your own has it"
    )]
    NoApi,
    /// The folder.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl NewPluginError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Write(WriteError::Refused { .. }) => ExitCode::FAILURE,
            Self::Name(_) | Self::Api(_) | Self::NoApi | Self::Write(_) => USAGE.into(),
        }
    }
}

/// Writes the crate, and prints where it is and what comes next.
pub(super) fn new_plugin(arguments: &NewPluginArguments) -> ExitCode {
    match try_new_plugin(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail_with(error.exit_code(), &error),
    }
}

fn try_new_plugin(arguments: &NewPluginArguments) -> Result<(), NewPluginError> {
    let name = PluginName::parse(&arguments.name)?;
    // clap has let no other through.
    let chosen = KINDS.iter().find(|kind| kind.name == arguments.kind);
    let kind = chosen.unwrap_or(&KINDS[0]);
    kind.check_name(&name)?;
    let (source, origin) = choose_source(arguments)?;
    let files = render(kind, &name, &source);
    let folder = write(&arguments.folder, &name, &files)?;
    let place = folder.display();
    output::line(&format!("{place}: {}: {}", kind.name, kind.about));
    output::line(&format!(
        "tig-plugin-api = {} ({origin})",
        source.dependency()
    ));
    output::line("next:");
    for command in next_commands(&folder) {
        output::line(&format!("  {command}"));
    }
    for complaint in toolchain::complaints(&folder) {
        output::note_line(&format!("warning: {complaint}"));
    }
    Ok(())
}

/// The source of the plugin API, and why it is that.
fn choose_source(
    arguments: &NewPluginArguments,
) -> Result<(ApiSource, &'static str), NewPluginError> {
    const GIVEN: &str = "as given";
    if let Some(path) = &arguments.api_path {
        return Ok((ApiSource::from_path(path)?, GIVEN));
    }
    if let Some(url) = &arguments.api_git {
        let source = GitSource::new(url, choose_reference(arguments))?;
        return Ok((ApiSource::Git(source), GIVEN));
    }
    if let Some(version) = &arguments.api_version {
        let origin = "as given; the registry that cargo asks must have it";
        return Ok((ApiSource::from_version(version)?, origin));
    }
    let program = std::env::current_exe().and_then(|path| path.canonicalize());
    let checkout = program.ok().and_then(|program| find_checkout(&program));
    // Not a version of the registry: nobody has published it, and anybody could take its name there.
    let api = checkout.ok_or(NewPluginError::NoApi)?;
    let origin = "the clone that this program was built in; another by --api-git, --api-version";
    Ok((ApiSource::from_path(&api)?, origin))
}

/// clap lets at most one of them through.
fn choose_reference(arguments: &NewPluginArguments) -> GitReference {
    let branch = arguments.api_branch.clone().map(GitReference::Branch);
    let tag = arguments.api_tag.clone().map(GitReference::Tag);
    let commit = arguments.api_rev.clone().map(GitReference::Commit);
    branch.or(tag).or(commit).unwrap_or_default()
}

fn next_commands(folder: &Path) -> [String; 3] {
    let folder = folder.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "_-./+,@=:".contains(c);
    let quoted = match folder.chars().all(is_plain) {
        true => folder,
        false => format!("'{}'", folder.replace('\'', r"'\''")),
    };
    [
        format!("cd {quoted}"),
        "cargo test".to_owned(),
        "tig-host dev .".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_commands_suit_a_shell() {
        let first = |folder: &str| next_commands(Path::new(folder))[0].clone();
        assert_eq!(first("./my_plugin"), "cd ./my_plugin");
        assert_eq!(first("/a b/it's/x"), r"cd '/a b/it'\''s/x'");
    }

    #[test]
    fn refusal_by_the_system_has_its_own_exit_code() {
        let exit_code = |error: NewPluginError| error.exit_code();
        let exists = WriteError::Exists(PathBuf::from("x"));
        assert_eq!(exit_code(exists.into()), USAGE.into());
        let refused = WriteError::Refused {
            parent: PathBuf::from("x"),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        assert_eq!(exit_code(refused.into()), ExitCode::FAILURE);
    }
}
