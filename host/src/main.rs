//! The command line of `tig-host`.

use std::{
    io::{IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use tig_host::{
    config::{Config, Overrides},
    error::{HostError, exit_code, one_line},
    host::Host,
    plugin,
};
use tig_plugin_api::Secret;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

const AFTER_HELP: &str = "\
Exit codes: 0 stopped on request, 1 unforeseen, 2 wrong command line, 3 config, 4 extension, 5 listener, 6 store.
The API key comes from `api_key_file` or `api_key_env` of the config, the service credential `api_key`, or the variable \
TIG_HOST_API_KEY. On the command line it can be read by every user of the machine.";

/// Runs the extensions that a config file lists.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
struct Cli {
    /// CONFIG, or the earlier master's form: PLAYER_ID API_KEY CONFIG
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
    /// Log for developers too
    #[arg(long)]
    verbose: bool,
    /// Stop when standard input ends, so that a supervisor that dies takes the host along
    #[arg(long)]
    exit_with_parent: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Loads a plugin file and ends: what the host does in a child process before it loads the file itself
    #[command(hide = true)]
    Probe {
        /// The file
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Command::Probe { file }) = &cli.command {
        return probe(file);
    }
    log_to_stderr(cli.verbose);
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&one_line(&error));
            error.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), HostError> {
    let exit_with_parent = cli.exit_with_parent;
    let (path, overrides) = split(cli);
    let config = Config::load(&path, overrides)?;
    let program =
        std::env::current_exe().map_err(HostError::system("find its own program file"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(HostError::system("start the HTTP runtime"))?;
    let host = Host::start(&config, &program, runtime.handle().clone())?;
    let address = host.address();
    announce(&format!("listening on http://{address}"));
    info!(%address, api = config.api_url, store = %config.backup_folder.display(), "started");
    let reason = runtime.block_on(stop_requested(exit_with_parent));
    info!("stopping: {reason}");
    host.stop();
    Ok(())
}

/// The config's path, and what the command line says besides.
fn split(cli: Cli) -> (PathBuf, Overrides) {
    let mut overrides = Overrides {
        api_url: cli.api,
        backup_folder: cli.backup,
        port: cli.port,
        ..Overrides::default()
    };
    match &cli.positionals[..] {
        [path] => (PathBuf::from(path), overrides),
        [player_id, api_key, path] => {
            warn!(
                "the API key on the command line can be read by every user of this machine; use `api_key_file`"
            );
            overrides.player_id = Some(player_id.clone());
            overrides.api_key = Some(Secret::new(api_key.clone()));
            (PathBuf::from(path), overrides)
        }
        _ => Cli::command()
            .error(
                ErrorKind::WrongNumberOfValues,
                "give CONFIG, or PLAYER_ID API_KEY CONFIG",
            )
            .exit(),
    }
}

async fn stop_requested(exit_with_parent: bool) -> &'static str {
    let parent = async {
        if exit_with_parent {
            // A dedicated thread: a pending read of standard input cannot be cancelled.
            let (sender, receiver) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                wait_for_end_of_input();
                let _ = sender.send(());
            });
            let _ = receiver.await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = one_signal(SignalKind::terminate()) => "SIGTERM",
        () = one_signal(SignalKind::interrupt()) => "SIGINT",
        () = parent => "standard input has ended",
    }
}

async fn one_signal(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(error) => {
            warn!("cannot wait for signals: {error}");
            std::future::pending::<()>().await;
        }
    }
}

fn wait_for_end_of_input() {
    let mut buffer = [0; 256];
    let mut stdin = std::io::stdin().lock();
    while stdin.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

fn probe(file: &Path) -> ExitCode {
    let loaded = std::fs::read(file)
        .map_err(|error| error.to_string())
        .and_then(|bytes| plugin::inspect(file, &bytes).map_err(|error| error.to_string()))
        .and_then(|manifest| plugin::open(file, file, manifest).map_err(|error| error.to_string()));
    match loaded {
        Ok(_) => ExitCode::SUCCESS,
        Err(reason) => {
            print_error(&reason);
            exit_code::PLUGIN.into()
        }
    }
}

fn log_to_stderr(verbose: bool) {
    let default = if verbose {
        "debug,hyper=info,reqwest=info"
    } else {
        "info"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

/// The one line on standard output: for people, and for programs that chose port 0.
fn announce(line: &str) {
    // Nobody reads a closed pipe.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn print_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "error: {line}");
}
