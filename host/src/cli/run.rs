//! Running a host, from its config to the signal that ends it.

use std::{io::IsTerminal, path::Path};

use tig_host::{
    config::{Config, Overrides},
    control::admin::Admin,
    error::HostError,
    host::Host,
    http::listener,
};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use super::{
    LogFormat,
    config_file::ConfigFile,
    output,
    stop::{self, Signals},
};

/// More would stand in each other's way.
const HTTP_THREADS_MAX: usize = 2;

/// Runs a host until it is asked to stop.
pub(super) fn run(
    path: &Path,
    overrides: Overrides,
    exit_with_parent: bool,
) -> Result<(), HostError> {
    let config_file = ConfigFile::about_to_read(path);
    let config = Config::load(path, overrides)?;
    if let Err(error) = listener::raise_file_limit() {
        warn!("fewer slaves can connect: the limit of open files cannot be raised: {error}");
    }
    let program =
        std::env::current_exe().map_err(HostError::system("find its own program file"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(http_threads())
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
    let control = host.control();
    let admin = Admin::open(control.clone(), &config.backup_folder, runtime.handle())
        .map_err(HostError::system("open the admin socket"))?;
    let ended = runtime.block_on(async {
        let signals = Signals::listen()?;
        output::line(&format!("listening on {scheme}://{address}"));
        info!(%address, api = config.api_url, store = %config.backup_folder.display(), "started");
        let ended = stop::requested(
            signals,
            config_file,
            &control,
            &host.drain(),
            config.drain_max,
            exit_with_parent,
        )
        .await;
        Ok::<_, HostError>(ended?)
    });
    drop(admin);
    host.stop();
    ended
}

/// Threads that serve HTTP: extensions do the work, each on its own.
fn http_threads() -> usize {
    std::thread::available_parallelism()
        .map_or(1, |processors| processors.get().min(HTTP_THREADS_MAX))
}

pub(super) fn log_to_stderr(verbose: bool, format: LogFormat) {
    let default = if verbose {
        "debug,hyper=info,reqwest=info"
    } else {
        "info"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => subscriber.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
}
