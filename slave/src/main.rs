//! `tig-slave`: command line, signals and exit code around the library.

mod cli;
mod show_doctor;
mod show_status;

use std::convert::Infallible;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use tig_process::logging::{self, LogFormat};
use tig_process::service_manager::service_manager;
use tig_process::signals::{HangUp, Requests};
use tig_process::threads::{RuntimeThreads, ThreadsError};
use tig_process::{first_process, output};
use tig_slave::engine::{GUARD_ARGUMENT, exec_guarded};
use tig_slave::{Settings, StartError};
use tig_worker::{JobError, start_compilers};
use tokio_util::sync::CancellationToken;

use crate::cli::{Cli, Command, SettingsError, SlaveArguments};

/// The main thread serves the few sockets; these wait for a batch, a module, the disk, and name servers.
const THREADS: RuntimeThreads = RuntimeThreads { io: 0, blocking: 6 };

/// Time that a service manager gives the slave to deliver its results.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Threads(#[from] ThreadsError),
    #[error("cannot start the compiler")]
    Compilers(#[source] JobError),
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
    #[error("stopped by a second signal")]
    Interrupted,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|first| first == GUARD_ARGUMENT)
    {
        return output::fail(&exec_guarded(arguments));
    }
    first_process::run(run)
}

fn run() -> ExitCode {
    let cli = Cli::parse();
    let _flush = match logging::start("info", LogFormat::Text) {
        Ok(flush) => flush,
        Err(error) => return output::fail(&error),
    };
    match cli.command {
        Some(Command::Status(arguments)) => show_status::run(&arguments),
        Some(Command::Doctor(arguments)) => show_doctor::run(arguments),
        Some(Command::Documents(documents)) => match documents.write(Cli::command()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::fail(&error),
        },
        None => match start(cli.slave) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::fail(&error),
        },
    }
}

fn start(arguments: SlaveArguments) -> Result<(), Error> {
    let exit_with_parent = arguments.exit_with_parent;
    let settings = arguments.settings()?;
    let runtime = THREADS.start("the network and the disk")?;
    start_compilers(settings.workers.get()).map_err(Error::Compilers)?;
    // On this thread, which lives as long as the process: an external worker dies with the thread that started it.
    let done = runtime.block_on(serve(settings, exit_with_parent));
    // The built-in worker may be in the middle of a batch that nobody waits for any more.
    runtime.shutdown_background();
    done
}

/// Runs the slave until its end or a request to stop; a second request ends it at once.
async fn serve(settings: Settings, exit_with_parent: bool) -> Result<(), Error> {
    let mut requests = Requests::listen(HangUp::Stops, exit_with_parent).map_err(Error::Signals)?;
    let stop = CancellationToken::new();
    let run = tig_slave::run(settings, stop.clone());
    tokio::pin!(run);
    tokio::select! {
        never = report_life() => match never {},
        done = &mut run => return Ok(done?),
        reason = requests.stop() => {
            tracing::info!(%reason, "stopping; a second signal stops at once");
            service_manager().stopping(STOP_TIMEOUT);
        }
    }
    stop.cancel();
    tokio::select! {
        done = run => Ok(done?),
        _ = requests.stop() => Err(Error::Interrupted),
    }
}

/// Reports to the service manager that the thread which serves all sockets works.
async fn report_life() -> Infallible {
    let manager = service_manager();
    let Some(interval) = manager.beat_interval() else {
        return std::future::pending().await;
    };
    loop {
        manager.alive();
        tokio::time::sleep(interval).await;
    }
}
