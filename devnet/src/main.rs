//! `tig-devnet`: a local TIG network on loopback. Prints where it listens on standard output, logs on standard error.

mod cli;
mod faults_file;
mod players;
mod secret_file;
mod shutdown;
mod start;

use std::{
    error::Error,
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
    time::Duration,
};

use axum::Router;
use clap::Parser as _;
use tig_devnet::{Devnet, FolderWatch};
use tig_process::error_chain::error_chain;
use tokio::{
    net::TcpListener,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::{error, info};

use cli::Cli;
use start::Started;

/// Time from look to look at the folder of algorithms; a new file is taken at the second.
const FOLDER_POLL_MS: u64 = 500;

/// Requests and a re-execution that run when the network stops get this long to finish.
const DRAIN_MS_MAX: u64 = 2_000;

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .init();
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {}", error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(serve(cli));
    // A re-execution cannot be interrupted: leave it behind rather than wait for it.
    runtime.shutdown_timeout(Duration::from_millis(DRAIN_MS_MAX));
    result
}

async fn serve(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let Started {
        devnet,
        seed,
        router,
        listener,
        url,
    } = start::start(cli).await?;
    tokio::spawn(devnet.clone().reexecute_proofs());
    tokio::spawn(watch(FolderWatch::new(&cli.algorithms), devnet.clone()));
    if cli.block_ms > 0 {
        let period = Duration::from_millis(cli.block_ms);
        tokio::spawn(produce_blocks(devnet.clone(), period));
    }
    let stop = shutdown::requested(cli.exit_with_parent)?;
    writeln!(std::io::stdout(), "listening on {url}")?;
    info!(url, block_ms = cli.block_ms, seed, "network started");
    let mut result = Ok(());
    let stop = async {
        tokio::select! {
            () = stop => (),
            reason = devnet.failure() => result = Err(reason.into()),
        }
    };
    serve_until(stop, listener, router).await;
    result
}

async fn serve_until(stop: impl Future<Output = ()>, listener: TcpListener, router: Router) {
    let (drain, draining) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(async { draining.await.unwrap_or_default() });
    let server = tokio::spawn(server.into_future());
    stop.await;
    info!("network stops");
    let _ = drain.send(());
    // Clients that keep a connection busy do not keep the network alive.
    let _ = tokio::time::timeout(Duration::from_millis(DRAIN_MS_MAX), server).await;
}

async fn watch(mut folder: FolderWatch, devnet: Devnet) {
    loop {
        tokio::time::sleep(Duration::from_millis(FOLDER_POLL_MS)).await;
        let devnet = devnet.clone();
        let looked = tokio::task::spawn_blocking(move || {
            folder.look(&devnet);
            folder
        });
        match looked.await {
            Ok(back) => folder = back,
            Err(error) => return error!(%error, "the folder of algorithms is watched no longer"),
        }
    }
}

async fn produce_blocks(devnet: Devnet, period: Duration) {
    let mut timer = interval_at(Instant::now() + period, period);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        timer.tick().await;
        devnet.produce_block();
    }
}
