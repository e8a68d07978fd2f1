//! The command line: parses it, and passes each command on to its module.

mod admin;
mod call;
mod check;
mod config_file;
mod output;
mod plugins;
mod run;
mod schema;
mod status;
mod stop;
mod store;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use tig_plugin_api::Secret;
use tig_process::error_chain::error_chain;
use tig_process::first_process;
use tig_process::logging::{self, LogFormat as Format};

use self::admin::{AdminError, Where};
use crate::config::Overrides;
use crate::error::HostError;
use crate::exit_code;
use crate::lifecycle::trial;
use crate::plugin::{self, PluginError};

const AFTER_HELP: &str = "\
Exit codes: 0 done, or stopped on request; 1 unforeseen, such as too few threads; 2 wrong command line; 3 config; 4 extension; 5 listener; 6 store; \
7 no running host answers; 8 the running host has refused. `call` ends with the code of the command, or with one of these, or with \
9 interrupted, the command goes on; 10 its end is not known, since the host or the extension is gone.
SIGTERM and SIGINT drain for at most `drain_seconds` of the config, a second one stops at once. SIGHUP reads config and \
plugin files again, so that a closed terminal does not stop a host. A log that nobody reads, or that cannot be written, is \
lost; the host goes on.
The API key comes from `api_key_file` or `api_key_env` of the config, the service credential `api_key`, or the variable \
TIG_HOST_API_KEY. On the command line it can be read by every user of the machine.";

const CALL_USAGE: &str = "tig-host call [OPTIONS] [EXTENSION [COMMAND [--KEY VALUE]...]]";

const CALL_HELP: &str = "\
Arguments of the command are given as --KEY VALUE or --KEY=VALUE: numbers, true and false, and texts as its list of arguments \
says; a list by its key again for each item; objects as JSON. --KEY alone is true. OPTIONS may stand among them; after `--` every \
key is the command's.
Progress goes to standard error, the value to standard output; with --json all go to standard output, a line for each.
Ctrl-C leaves the work running. Exit codes: the command's own (0 done), and: 2 wrong command line or arguments; 7 no running host \
answers; 8 the host or the extension has refused; 9 interrupted, the command goes on; 10 its end is not known, since the host or \
the extension is gone.";

/// Runs the extensions that a config file lists.
#[derive(Parser)]
#[command(name = "tig-host", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    run: RunArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct RunArguments {
    /// CONFIG, or the earlier master's form: ACCOUNT API_KEY CONFIG
    #[arg(value_name = "CONFIG", num_args = 1..=3)]
    positionals: Vec<String>,
    /// Base URL of the network's API
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// Folder of the store
    #[arg(long, value_name = "FOLDER")]
    backup: Option<PathBuf>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// How log lines are written
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
    /// Log for developers too
    #[arg(long)]
    verbose: bool,
    /// Stop when standard input ends, so that a supervisor that dies takes the host along
    #[arg(long)]
    exit_with_parent: bool,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Reports everything that would keep a host from starting with this config
    Check {
        /// The config file
        config: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Prints the JSON Schema of the config file, with the sections of all plugins in the plugin folder
    Schema {
        /// The config file that names the plugin folder; without one, plugins beside this program
        config: Option<PathBuf>,
    },
    /// Shows a running host: its extensions, what waits, what has failed
    Status {
        #[command(flatten)]
        place: Where,
    },
    /// Replaces an extension by the present file; without NAME, applies the config and all files again
    Reload {
        /// The extension
        name: Option<String>,
        #[command(flatten)]
        place: Where,
    },
    /// Starts a shadow of an extension: it handles the same events, and its effects are compared, not carried out
    Shadow {
        /// The extension
        name: String,
        /// The shadow's plugin file
        file: PathBuf,
        #[command(flatten)]
        place: Where,
    },
    /// Replaces an extension by its shadow
    Promote {
        /// The extension
        name: String,
        #[command(flatten)]
        place: Where,
    },
    /// Ends the shadow of an extension
    Discard {
        /// The extension
        name: String,
        #[command(flatten)]
        place: Where,
    },
    /// Drains a running host: extensions finish their work and begin no more, then the host ends
    Drain {
        /// End after this time, whatever is unfinished
        #[arg(long, value_name = "SECONDS")]
        max: Option<u64>,
        #[command(flatten)]
        place: Where,
    },
    /// Calls a command of an extension; without COMMAND, lists the commands and their arguments
    #[command(override_usage = CALL_USAGE, after_help = CALL_HELP)]
    Call {
        #[command(flatten)]
        place: Where,
        /// Arguments of the command as a JSON object; `-` is standard input
        #[arg(long, value_name = "FILE")]
        arguments: Option<PathBuf>,
        /// The extension, its command, and the command's arguments
        #[arg(
            value_name = "EXTENSION COMMAND",
            trailing_var_arg = true,
            allow_hyphen_values = true
        )]
        words: Vec<String>,
    },
    /// Shows the manifests of plugin files without loading them, and seals them
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Shows and copies the store of a stopped host
    Store {
        #[command(subcommand)]
        command: StoreCommand,
        #[command(flatten)]
        place: Where,
    },
    /// Loads a plugin file and ends; the host runs this in a child process before it loads the file itself
    #[command(hide = true)]
    Probe {
        /// Also create an instance with the settings on standard input
        #[arg(long)]
        new: bool,
        /// The file
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum PluginCommand {
    /// Shows the files in the plugin folder of a config, or beside this program
    List {
        /// The config file
        config: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Shows name, version, events, routes, commands and config keys of a file
    Info {
        /// The file
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Writes each file's digest into it, so that a host rejects a damaged or half copied one; the last step of a
    /// release
    Seal {
        /// The files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
enum StoreCommand {
    /// Lists the stored values by extension, or the keys of one extension
    Ls {
        /// The extension
        extension: Option<String>,
        /// Only keys with this prefix
        #[arg(long, default_value = "")]
        prefix: String,
    },
    /// Shows a value
    Get {
        /// The extension
        extension: String,
        /// The key
        key: String,
    },
    /// Writes everything as lines of JSON
    Export {
        /// A new file; standard output by default
        file: Option<PathBuf>,
    },
    /// Creates a store from an export, in an empty backup folder
    Import {
        /// The export
        file: PathBuf,
    },
}

/// The whole program: reads the command line, and returns the exit code that `--help` explains.
#[must_use]
pub fn main() -> ExitCode {
    first_process::run(|| {
        let code = execute(Cli::parse());
        match output::check() {
            Err(error) if code == ExitCode::SUCCESS => fail(&error),
            _ => code,
        }
    })
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    output::error_line(&error_chain(error));
    ExitCode::FAILURE
}

fn execute(cli: Cli) -> ExitCode {
    let done = match cli.command {
        None => return run(cli.run),
        Some(Command::Check { config, json }) => check::check(&config, json),
        Some(Command::Schema { config }) => {
            schema::schema(config.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Plugin(PluginCommand::List { config, json })) => {
            plugins::list(config.as_deref(), json).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Plugin(PluginCommand::Info { file, json })) => {
            plugins::info(&file, json).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Plugin(PluginCommand::Seal { files })) => {
            plugins::seal(&files).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Status { place }) => Ok(code_or_report(admin::status(&place))),
        Some(Command::Reload { name, place }) => {
            Ok(code_or_report(admin::reload(&place, name.as_deref())))
        }
        Some(Command::Shadow { name, file, place }) => {
            Ok(code_or_report(admin::shadow(&place, &name, &file)))
        }
        Some(Command::Promote { name, place }) => Ok(code_or_report(admin::promote(&place, &name))),
        Some(Command::Discard { name, place }) => Ok(code_or_report(admin::discard(&place, &name))),
        Some(Command::Drain { max, place }) => Ok(code_or_report(admin::drain(&place, max))),
        Some(Command::Call {
            place,
            arguments,
            words,
        }) => Ok(call::call(place, arguments.as_deref(), words)),
        Some(Command::Store { command, place }) => stored(&command, &place),
        Some(Command::Probe { new, file }) => Ok(probe(&file, new)),
    };
    done.unwrap_or_else(|error| report(&error))
}

fn report(error: &HostError) -> ExitCode {
    output::error_line(&error_chain(error));
    error.exit_code()
}

fn stored(command: &StoreCommand, place: &Where) -> Result<ExitCode, HostError> {
    let folder = match place.folder() {
        Ok(folder) => folder,
        Err(error) => return Ok(error.report()),
    };
    match command {
        StoreCommand::Ls { extension, prefix } => {
            store::ls(&folder, extension.as_deref(), prefix, place.json)?;
        }
        StoreCommand::Get { extension, key } => store::get(&folder, extension, key)?,
        StoreCommand::Export { file } => store::export(&folder, file.as_deref())?,
        StoreCommand::Import { file } => store::import(&folder, file, place.json)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn code_or_report(done: Result<ExitCode, AdminError>) -> ExitCode {
    done.unwrap_or_else(|error| error.report())
}

fn run(arguments: RunArguments) -> ExitCode {
    let filter = match arguments.verbose {
        true => "debug,hyper=info,reqwest=info",
        false => "info",
    };
    let format = match arguments.log_format {
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
    };
    let _flush = match logging::start(filter, format) {
        Ok(flush) => flush,
        Err(error) => return report(&error.into()),
    };
    let exit_with_parent = arguments.exit_with_parent;
    let (path, overrides) = split(arguments);
    match run::run(&path, overrides, exit_with_parent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

/// The config's path, and the overrides of the command line.
fn split(arguments: RunArguments) -> (PathBuf, Overrides) {
    let mut overrides = Overrides {
        api_url: arguments.api,
        backup_folder: arguments.backup,
        port: arguments.port,
        ..Overrides::default()
    };
    match &arguments.positionals[..] {
        [path] => (PathBuf::from(path), overrides),
        [account, api_key, path] => {
            tracing::warn!(
                "the API key on the command line can be read by every user of this machine; use `api_key_file`"
            );
            overrides.account = Some(account.clone());
            overrides.api_key = Some(Secret::new(api_key.clone()));
            (PathBuf::from(path), overrides)
        }
        _ => Cli::command()
            .error(
                ErrorKind::WrongNumberOfValues,
                "give CONFIG, or ACCOUNT API_KEY CONFIG",
            )
            .exit(),
    }
}

fn probe(file: &Path, new: bool) -> ExitCode {
    let loaded = std::fs::read(file)
        .map_err(|error| error.to_string())
        .and_then(|bytes| plugin::inspect(file, &bytes).map_err(|error| error.to_string()))
        .and_then(|manifest| plugin::open(file, file, manifest).map_err(load_reason));
    let plugin = match loaded {
        Ok(plugin) => plugin,
        Err(reason) => {
            output::error_line(&reason);
            return exit_code::PLUGIN.into();
        }
    };
    if !new {
        return ExitCode::SUCCESS;
    }
    let start = serde_json::from_reader(std::io::stdin().lock());
    let made = start
        .map_err(trial::TrialError::from)
        .and_then(|start| trial::create_instance(&plugin, start));
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error_line(&error.to_string());
            exit_code::CONFIG.into()
        }
    }
}

/// The child was given a copy: the host names the original file itself.
fn load_reason(error: PluginError) -> String {
    match error {
        PluginError::Load { reason, .. } => reason,
        other => other.to_string(),
    }
}
