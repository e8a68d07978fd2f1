//! The command line: parses it, and passes each command on to its module.

mod admin;
mod bundle;
mod call;
mod check;
mod client;
mod command;
mod condition_text;
mod config_file;
mod dev;
mod doctor;
mod drain;
mod events;
mod export;
mod init;
mod new_plugin;
mod output;
mod panel;
mod pause;
mod plugins;
mod replay;
mod run;
mod schema;
mod show;
mod shown_text;
mod status;
mod stop;
mod store;
mod terminal;
mod top;
mod verb;
mod why;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use tig_plugin_api::Secret;
use tig_process::arenas;
use tig_process::error_chain::error_chain;
use tig_process::first_process;
use tig_process::logging::{self, LogFormat as Format};

use self::admin::{AdminError, Where};
use self::command::{
    Cli, Command, EventsCommand, LogFormat, PluginCommand, RunArguments, StoreCommand,
};
use crate::config::Overrides;
use crate::error::HostError;
use crate::exit_code;
use crate::lifecycle::trial;
use crate::plugin::{self, PluginError};

/// The whole program: reads the command line, and returns the exit code that `--help` explains.
#[must_use]
pub fn main() -> ExitCode {
    first_process::run(|| {
        arenas::limit();
        let code = match verb::words(std::env::args_os().skip(1)) {
            Some(words) => verb::run(words),
            None => execute(Cli::parse()),
        };
        match output::check() {
            Err(error) if code == ExitCode::SUCCESS => fail(&error),
            _ => code,
        }
    })
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    fail_with(ExitCode::FAILURE, error)
}

/// Prints the error with its causes, and returns the code.
fn fail_with(code: ExitCode, error: &dyn std::error::Error) -> ExitCode {
    output::error_line(&error_chain(error));
    code
}

fn execute(cli: Cli) -> ExitCode {
    let done = match cli.command {
        None => return run(cli.run),
        Some(Command::Check { config, json }) => check::check(&config, json),
        Some(Command::Doctor(arguments)) => doctor::doctor(&arguments),
        Some(Command::SupportBundle(arguments)) => bundle::support_bundle(&arguments),
        Some(Command::Init(arguments)) => Ok(init::init(&arguments)),
        Some(Command::Replay(arguments)) => replay::replay(&arguments),
        Some(Command::Dev(arguments)) => Ok(dev::dev(&arguments)),
        Some(Command::Guard { words }) => return guarded(&words),
        Some(Command::Observe) => doctor::observer::observe(),
        Some(Command::Schema { config }) => {
            schema::schema(config.as_deref()).map(|()| ExitCode::SUCCESS)
        }
        Some(Command::Plugin(command)) => of_plugin(command),
        Some(Command::Status { place }) => Ok(code_or_report(admin::status(&place))),
        Some(Command::Reload { name, place }) => {
            Ok(code_or_report(admin::reload(&place, name.as_deref())))
        }
        Some(Command::Shadow { name, file, place }) => {
            Ok(code_or_report(admin::shadow(&place, &name, &file)))
        }
        Some(Command::Promote { name, place }) => Ok(code_or_report(admin::promote(&place, &name))),
        Some(Command::Discard { name, place }) => Ok(code_or_report(admin::discard(&place, &name))),
        Some(Command::Drain { max, wait, place }) => {
            Ok(code_or_report(drain::drain(&place, max, wait)))
        }
        Some(Command::Why { topic, place }) => {
            Ok(code_or_report(why::why(&place, topic.as_deref())))
        }
        Some(Command::Panel {
            name,
            id,
            arguments,
            place,
        }) => Ok(code_or_report(show::panel(
            &place,
            name.as_deref(),
            id.as_deref(),
            &arguments,
        ))),
        Some(Command::Events(EventsCommand::Tail { wanted, place })) => {
            Ok(code_or_report(events::tail(&place, &wanted)))
        }

        Some(Command::Top { place }) => Ok(top::top(&place)),
        Some(Command::Pause { place }) => Ok(code_or_report(pause::call_all(&place, "pause"))),
        Some(Command::Resume { place }) => Ok(code_or_report(pause::call_all(&place, "resume"))),
        Some(Command::Documents(documents)) => documents
            .write(Cli::command())
            .map(|()| ExitCode::SUCCESS)
            .map_err(HostError::system("write the script or the manual")),
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

fn of_plugin(command: PluginCommand) -> Result<ExitCode, HostError> {
    match command {
        PluginCommand::New(arguments) => return Ok(new_plugin::new_plugin(&arguments)),
        PluginCommand::List { config, json } => plugins::list(config.as_deref(), json)?,
        PluginCommand::Info { file, json } => plugins::info(&file, json)?,
        PluginCommand::Seal { files } => plugins::seal(&files)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn guarded(words: &[OsString]) -> ExitCode {
    dev::guard::guard(words).unwrap_or_else(|error| fail(&error))
}

fn report(error: &HostError) -> ExitCode {
    fail_with(error.exit_code(), error)
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
        StoreCommand::Export { file } => return export::export(place, &folder, file.as_deref()),
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
        record: arguments.record,
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
