//! `tig-host init`: writes a config that a host starts with, by questions on a terminal or by flags.
//!
//! What the host itself does not know comes from the plugin folder: the keys of the identity and the sections from the manifests
//! of the plugins, values that the makers of a set of plugins recommend from their [`template`]. The loader refuses keys that it does not
//! know, and JSON has no comments, so what each key means is written into a file beside the config, see [`guide`].
//!
//! Invariant: all files are written and checked in a folder of their own before the first gets into its place, and the config comes
//! last: an interrupted init leaves no config.

mod ask;
mod draft;
mod guide;
mod place;
mod template;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::Value;
use tig_plugin_api::Secret;
use tig_process::secret_file::{self, SecretError};

use self::draft::Draft;
use self::place::Place;
use self::template::TemplateError;
use super::{fail_with, output};
use crate::config::{Fault, folder_of_executable};
use crate::exit_code;
use crate::plugin::PluginFile;

/// Exit code of clap for a wrong command line.
const USAGE: u8 = 2;

/// What is to be written.
#[derive(Args, Debug)]
pub(super) struct InitArguments {
    /// The folder of the config; it is made if it does not exist
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The account: the first key that the plugins name for it
    #[arg(long)]
    account: Option<String>,
    /// Base URL of the network's API
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// An existing file that holds the API key
    #[arg(long, value_name = "FILE", conflicts_with = "key_stdin")]
    key_file: Option<PathBuf>,
    /// Read the API key from standard input, and write it into a file
    #[arg(long)]
    key_stdin: bool,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Port to listen on
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Folder of the plugin files; that of this program by default
    #[arg(long, value_name = "FOLDER")]
    plugins: Option<PathBuf>,
    /// Config to begin with; `config.example.json` in the plugin folder by default, if it is there
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Another value, such as `drain_seconds=30`; KEY has dots, VALUE is JSON or a text
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Ask nothing
    #[arg(long)]
    yes: bool,
    /// Replace files of an earlier init
    #[arg(long)]
    force: bool,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub(super) enum InitError {
    /// Nobody can be asked.
    #[error("standard input is not a terminal: give --yes, and what is asked for by flags")]
    NoTerminal,
    /// An answer is missing.
    #[error("give {flag}: {about}")]
    Missing {
        /// How it is given.
        flag: String,
        /// Its meaning.
        about: String,
    },
    /// A value of the command line.
    #[error("--set {0}: give KEY=VALUE, such as drain_seconds=30")]
    Set(String),
    /// The key on standard input.
    #[error("the API key on standard input: {0}")]
    Key(#[from] SecretError),
    /// The plugin folder.
    #[error("cannot read the plugin folder {}: {source}; name another by --plugins", folder.display())]
    PluginFolder {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// There is nothing to run.
    #[error("no plugin lies in {}; name the folder of the plugin files by --plugins", .0.display())]
    NoPlugins(PathBuf),
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Files of an earlier init.
    #[error("{} would be replaced; give --force, or another folder", .0.join(", "))]
    Exists(Vec<String>),
    /// The config would not start a host.
    #[error("nothing was written, since a host would not start with it: {}; give values by --set or --template", texts(.0))]
    Faults(Vec<Fault>),
    /// Ctrl-C, or a signal.
    #[error("interrupted; nothing was written")]
    Interrupted,
    /// The terminal.
    #[error("cannot ask: {0}")]
    Terminal(inquire::InquireError),
    /// The file system.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The operating system.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

fn texts(faults: &[Fault]) -> String {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

impl InitError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoTerminal | Self::Missing { .. } | Self::Set(_) => USAGE.into(),
            Self::PluginFolder { .. } | Self::NoPlugins(_) => exit_code::PLUGIN.into(),
            Self::Template(_) | Self::Faults(_) | Self::Exists(_) | Self::Key(_) => {
                exit_code::CONFIG.into()
            }
            Self::Interrupted | Self::Terminal(_) | Self::Write { .. } | Self::System { .. } => {
                ExitCode::FAILURE
            }
        }
    }
}

/// Answers that are neither in the config nor anywhere else.
struct Answers {
    /// The whole config.
    config: Value,
    /// The API key, to be written into a file.
    key: Option<Secret>,
}

/// Asks, writes, and says what comes next.
pub(super) fn init(arguments: &InitArguments) -> ExitCode {
    match write(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail_with(error.exit_code(), &error),
    }
}

fn write(arguments: &InitArguments) -> Result<(), InitError> {
    let asks = !arguments.yes;
    if asks && !io::stdin().is_terminal() {
        return Err(InitError::NoTerminal);
    }
    let place = Place::new(&arguments.folder, arguments.force);
    let folder = arguments
        .plugins
        .clone()
        .unwrap_or_else(folder_of_executable);
    let found = plugins(&folder)?;
    let template = template::read(arguments.template.as_deref(), &folder)?;
    let mut draft = Draft::new(template, &found)?;
    if arguments.plugins.is_some() {
        // A host may be started in another working directory.
        let folder = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
        draft.set("plugin_folder", folder.display().to_string());
    }
    draft.take_flags(arguments)?;
    for assignment in &arguments.set {
        draft.assign(assignment)?;
    }
    let key = match asks {
        true => ask::ask(arguments, &mut draft, &place)?,
        false => {
            draft.require_all()?;
            arguments.key_stdin.then(key_on_stdin).transpose()?
        }
    };
    let guide = guide::text(&folder, draft.config());
    let answers = Answers {
        config: draft.into_config(),
        key,
    };
    place.check_free(answers.key.is_some())?;
    if asks {
        ask::confirm(&place)?;
    }
    let written = place.write(answers, &guide)?;
    for path in &written {
        output::line(&format!("{}: written", path.display()));
    }
    let config = place.config();
    output::line(&format!(
        "next: tig-host doctor {0}; tig-host {0}",
        config.display()
    ));
    Ok(())
}

fn key_on_stdin() -> Result<Secret, InitError> {
    let mut line = zeroize::Zeroizing::new(String::new());
    io::stdin()
        .read_line(&mut line)
        .map_err(|source| InitError::System {
            what: "read the API key",
            source,
        })?;
    Ok(Secret::new(secret_file::parse(&line)?.to_owned()))
}

/// The valid plugin files of a folder.
fn plugins(folder: &std::path::Path) -> Result<Vec<PluginFile>, InitError> {
    let files = super::plugins::plugin_files(folder);
    let files = files.map_err(|source| InitError::PluginFolder {
        folder: folder.to_owned(),
        source,
    })?;
    let found: Vec<PluginFile> = files
        .iter()
        .filter_map(|path| PluginFile::read(path).ok())
        .collect();
    if found.is_empty() {
        return Err(InitError::NoPlugins(folder.to_owned()));
    }
    Ok(found)
}
