//! `tig-devnet`: a local TIG network on loopback. Prints where it listens on standard output, logs on standard error.

mod cli;
mod faults_file;
mod players;
mod secret_file;
mod start;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use clap::{CommandFactory as _, Parser as _};
use cli::Cli;
use start::Started;
use tig_devnet::{Devnet, FolderWatch};
use tig_process::logging::{self, LogFormat};
use tig_process::signals::{HangUp, Requests};
use tig_process::threads::RuntimeThreads;
use tig_process::{first_process, output};
use tig_worker::start_compilers;
use tokio::net::TcpListener;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::{error, info};

/// Time from look to look at the folder of algorithms; a new file is taken at the second.
const FOLDER_POLL_MS: u64 = 500;

/// Requests and a re-execution that run when the network stops get this long to finish.
const DRAIN_MS_MAX: u64 = 2_000;

/// Threads that serve sockets and make blocks; more would wait for the same lock.
const HTTP_THREADS_MAX: usize = 4;

/// Threads for submissions, the folder of algorithms, and a re-execution.
const BLOCKING_THREADS: usize = 8;

/// The watch of standard input, and the first line on standard output.
const OWN_THREADS: usize = 2;

fn main() -> ExitCode {
    first_process::run(start_logged)
}

fn start_logged() -> ExitCode {
    let cli = Cli::parse();
    if let Some(documents) = &cli.documents {
        return match documents.write(Cli::command()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::fail(&error),
        };
    }
    let _flush = match logging::start("info", LogFormat::Text) {
        Ok(flush) => flush,
        Err(error) => return output::fail(&error),
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::fail(&*error),
    }
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = RuntimeThreads {
        io: processors.min(HTTP_THREADS_MAX),
        blocking: BLOCKING_THREADS,
    };
    let runtime = threads.start_beside(OWN_THREADS + processors, "requests and blocks")?;
    start_compilers(processors)?;
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
    tokio::spawn(watch(FolderWatch::new(cli.algorithms()), devnet.clone()));
    if cli.block_ms > 0 {
        let period = Duration::from_millis(cli.block_ms);
        tokio::spawn(produce_blocks(devnet.clone(), period));
    }
    let mut requests = Requests::listen(HangUp::Stops, cli.exit_with_parent)?;
    output::announce(&format!("listening on {url}"))?;
    info!(url, block_ms = cli.block_ms, seed, "network started");
    let mut result = Ok(());
    let stop = async {
        tokio::select! {
            reason = requests.stop() => info!(%reason, "network stops"),
            reason = devnet.failure() => result = Err(reason.into()),
        }
        requests
    };
    serve_until(stop, listener, router).await;
    result
}

/// Serves until `stop`, then finishes what is being answered, unless it is asked to stop again.
async fn serve_until(stop: impl Future<Output = Requests>, listener: TcpListener, router: Router) {
    let (drain, draining) = tokio::sync::oneshot::channel();
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(async { draining.await.unwrap_or_default() });
    let server = tokio::spawn(server.into_future());
    let mut requests = stop.await;
    let _ = drain.send(());
    // Clients that keep a connection busy do not keep the network alive.
    let drained = tokio::time::timeout(Duration::from_millis(DRAIN_MS_MAX), server);
    tokio::select! {
        _ = drained => (),
        _ = requests.stop() => (),
    }
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
