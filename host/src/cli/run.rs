//! Running a host, from its config to the signal that ends it.

use std::{
    io::{IsTerminal, Read},
    path::Path,
};

use tig_host::{
    config::{Config, Overrides},
    error::HostError,
    host::Host,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use super::output;

/// Runs a host until it is asked to stop.
pub(super) fn run(
    path: &Path,
    overrides: Overrides,
    exit_with_parent: bool,
) -> Result<(), HostError> {
    let config = Config::load(path, overrides)?;
    let program =
        std::env::current_exe().map_err(HostError::system("find its own program file"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(HostError::system("start the HTTP runtime"))?;
    let host = Host::start(&config, &program, runtime.handle().clone())?;
    let address = host.address();
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    output::line(&format!("listening on {scheme}://{address}"));
    info!(%address, api = config.api_url, store = %config.backup_folder.display(), "started");
    let reason = runtime.block_on(stop_requested(exit_with_parent));
    info!("stopping: {reason}");
    host.stop();
    Ok(())
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

pub(super) fn log_to_stderr(verbose: bool) {
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
