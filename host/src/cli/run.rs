//! Runs a host, from its config to the signal that ends it.

use std::path::Path;
use std::time::Duration;

use tig_process::service_manager::service_manager;
use tig_process::signals::{HangUp, Requests};
use tig_process::threads::RuntimeThreads;
use tracing::{info, warn};

use super::config_file::ConfigFile;
use super::{output, stop};
use crate::config::{Config, Overrides};
use crate::control::admin::Admin;
use crate::error::HostError;
use crate::host::Host;
use crate::http::listener;
use crate::http::ws::barrier;

/// More threads would compete with those of the extensions.
const HTTP_THREADS_MAX: usize = 2;
/// Threads for blocking work: files, name servers. No wait for an extension may hold one: while all are held, no name is looked
/// up.
const BLOCKING_THREADS: usize = 4;
/// Committer, timers, supervisor, ticker, watch of the plugin folder, watch of standard input, the first line on standard
/// output, and two child processes that try plugin files; writers of websocket connections come on top.
const OWN_THREADS: usize = 9;

/// Time that a service manager gives the host's threads to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a host until it is asked to stop.
pub(super) fn run(
    path: &Path,
    overrides: Overrides,
    exit_with_parent: bool,
) -> Result<(), HostError> {
    let config_file = ConfigFile::about_to_read(path);
    let config = Config::load(path, overrides)?;
    if let Err(error) = listener::raise_file_limit() {
        warn!("fewer clients can connect: the limit of open files cannot be raised: {error}");
    }
    let program =
        std::env::current_exe().map_err(HostError::system("find its own program file"))?;
    let runtime = RuntimeThreads {
        io: http_threads(),
        blocking: BLOCKING_THREADS,
    };
    // Room is checked once, here: if it runs out later, only the extension whose thread does not start is rejected.
    let runtime = runtime.start_beside(
        threads_needed(config.extensions.len()),
        "the host and its extensions",
    )?;
    let host = Host::start(&config, &program, runtime.handle().clone())?;
    let address = host.address();
    let scheme = if config.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let control = host.control();
    let admin = Admin::open(control.clone(), &config.backup_folder, runtime.handle())
        .map_err(HostError::system("open the admin socket"))?;
    let ended = runtime.block_on(async {
        let requests = Requests::listen(HangUp::Reloads, exit_with_parent)
            .map_err(HostError::system("wait for signals"))?;
        output::announce(&format!("listening on {scheme}://{address}"))?;
        info!(%address, store = %config.backup_folder.display(), "started");
        service_manager().ready();
        let ended = stop::requested(
            requests,
            config_file,
            &control,
            &host.drain(),
            config.drain_max,
        )
        .await;
        Ok::<_, HostError>(ended?)
    });
    drop(admin);
    service_manager().stopping(STOP_TIMEOUT);
    host.stop();
    ended
}

/// Number of threads of a host with so many extensions, besides those of its runtime.
pub(super) fn threads_needed(extensions: usize) -> usize {
    OWN_THREADS + barrier::writer_count() + extensions
}

/// Number of threads that serve HTTP. Extensions do the work on threads of their own.
fn http_threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, |processors| processors.get().min(HTTP_THREADS_MAX))
}
