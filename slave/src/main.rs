//! `tig-slave`: command line, signals and exit code around the library.

mod cli;

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

use clap::Parser;
use tig_slave::engine::{GUARD_ARGUMENT, exec_guarded};
use tig_slave::{Settings, StartError, stop_pair};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, SettingsError};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("stopped by a second signal")]
    Interrupted,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|first| first == GUARD_ARGUMENT)
    {
        return fail(&exec_guarded(arguments));
    }
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Prints the chain of causes on one line.
fn fail(error: &dyn std::error::Error) -> ExitCode {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let text = causes.fold(format!("error: {error}"), |text, cause| {
        format!("{text}: {cause}")
    });
    // Nobody is left to tell if stderr is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}

fn start(cli: Cli) -> Result<(), Error> {
    let exit_with_parent = cli.exit_with_parent;
    let settings = cli.settings()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    // On this thread, which lives as long as the process: an external worker dies with the thread that started it.
    let done = runtime.block_on(serve(settings, exit_with_parent));
    // The built-in worker may be in the middle of a batch that nobody waits for any more.
    runtime.shutdown_background();
    done
}

/// Runs the slave until it is told to stop, twice if need be.
async fn serve(settings: Settings, exit_with_parent: bool) -> Result<(), Error> {
    let mut signals = Signals::new().map_err(Error::Runtime)?;
    let (handle, stop) = stop_pair();
    let run = tig_slave::run(settings, stop);
    tokio::pin!(run);
    tokio::select! {
        done = &mut run => return Ok(done?),
        () = signals.next() => tracing::info!("stopping; a second signal stops at once"),
        () = parent_gone(exit_with_parent) => tracing::info!("standard input ended; stopping"),
    }
    handle.request();
    tokio::select! {
        done = run => Ok(done?),
        () = signals.next() => Err(Error::Interrupted),
    }
}

/// The two signals that mean "stop".
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Returns when standard input ends; never, if that is not asked for.
async fn parent_gone(exit_with_parent: bool) {
    if !exit_with_parent {
        return std::future::pending().await;
    }
    let (sender, ended) = oneshot::channel();
    // A thread of its own: a pending read on the runtime's pool would hold up its shutdown.
    std::thread::spawn(move || {
        let mut ignored = [0; 1_024];
        let mut input = std::io::stdin().lock();
        while input.read(&mut ignored).is_ok_and(|length| length > 0) {}
        // Nobody listens any more once the slave is stopping.
        let _ = sender.send(());
    });
    // A sender that is gone says the same.
    let _ = ended.await;
}
