//! `horde-devnet`: a local network of ComputeHorde miners, a trusted miner, a chain for them, a facilitator and S3, on loopback. Prints where it listens on standard output, logs on
//! standard error.

mod cli;

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use cli::{Cli, Command, NetworkArgs};
use horde_devnet::Devnet;
use horde_devnet::facilitator::{Facilitator, user_keypair};
use horde_devnet::s3::S3;
use mimalloc::MiMalloc;
use serde_json::json;
use tig_process::logging::{self, LogFormat};
use tig_process::signals::{HangUp, Requests};
use tig_process::threads::RuntimeThreads;
use tig_process::{first_process, output};
use tracing::info;

/// Each miner's answer takes as little of the processors as can be, since its time is the miner's: two threads that grow and shrink
/// glibc's heaps wait for each other in the kernel, most of all for jobs with volumes.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Work that runs when the network stops is left behind after this time.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Threads that serve sockets.
const IO_THREADS_COUNT_MAX: usize = 8;

/// Threads for hash jobs and receipts.
const BLOCKING_THREADS: usize = 8;

/// The watch of standard input, and the line on standard output.
const OWN_THREADS: usize = 2;

fn main() -> ExitCode {
    first_process::run(start_logged)
}

fn start_logged() -> ExitCode {
    let cli = Cli::read();
    let list = match cli.command {
        Some(Command::Vices) => Some(cli::vice_list()),
        Some(Command::ChainFaults) => Some(cli::chain_fault_list()),
        Some(Command::FacilitatorFaults) => Some(cli::facilitator_fault_list()),
        Some(Command::S3Faults) => Some(cli::s3_fault_list()),
        None => None,
    };
    if let Some(list) = list {
        output::line(list.trim_end());
        return match output::check() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => output::fail(&error),
        };
    }
    let _flush = match logging::start("info", LogFormat::Text) {
        Ok(flush) => flush,
        Err(error) => return output::fail(&error),
    };
    match run(&cli.network) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::fail(&*error),
    }
}

fn run(args: &NetworkArgs) -> Result<(), Box<dyn Error>> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = RuntimeThreads {
        io: processors.min(IO_THREADS_COUNT_MAX),
        blocking: BLOCKING_THREADS,
    };
    let runtime = threads.start_beside(OWN_THREADS, "miners")?;
    let result = runtime.block_on(serve(args));
    runtime.shutdown_timeout(DRAIN_TIMEOUT);
    result
}

async fn serve(args: &NetworkArgs) -> Result<(), Box<dyn Error>> {
    let devnet = Devnet::start(args.config()?).await?;
    let first_miner = devnet.miners().first().map(|miner| miner.hotkey.clone());
    let facilitator = match args.facilitator.config(args.seed, first_miner)? {
        Some(config) => Some(Facilitator::start(config).await?),
        None => None,
    };
    let s3 = match args.s3.config(args.seed)? {
        Some(config) => Some(S3::start(config).await?),
        None => None,
    };
    if let Some(s3) = &s3 {
        args.s3.write_env(s3)?;
    }
    let mut requests = Requests::listen(HangUp::Stops, args.exit_with_parent)?;
    let mut ready = json!({
        "event": "ready",
        "control": devnet.control_address(),
        "miners": devnet.miners(),
    });
    if let Some(trusted) = devnet.trusted() {
        let trusted = trusted.address();
        ready["trusted"] = json!({ "hotkey": trusted.hotkey, "address": trusted.address });
    }
    if let Some(chain) = devnet.chain_address() {
        ready["chain"] = json!(chain);
    }
    if let Some(facilitator) = &facilitator {
        ready["facilitator"] = json!({
            "socket": facilitator.socket_url(),
            "page": facilitator.page_url(),
            "user": user_keypair(args.seed).public().to_ss58(),
        });
    }
    if let Some(s3) = &s3 {
        ready["s3"] = args.s3.ready(s3);
    }
    output::announce(&ready.to_string())?;
    info!(
        miners = args.miners,
        control = %devnet.control_address(),
        seed = args.seed,
        "network started"
    );
    let reason = requests.stop().await;
    info!(%reason, "network stops");
    if let Some(facilitator) = facilitator {
        facilitator.stop().await;
    }
    if let Some(s3) = s3 {
        s3.stop().await;
    }
    devnet.stop().await;
    Ok(())
}
