//! The command line (benchmarker.md section 2).

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use tig_http_client::{Trust, TrustError};
use tig_slave::engine::{Engine, External};
use tig_slave::{BadMaster, NameError, Pace, Settings, SlaveName, Token, TokenError, master_url};

/// Name of the worker that is linked in.
const BUILTIN: &str = "builtin";

const AFTER_HELP: &str = "\
The algorithms folder keeps downloaded modules as <blake3>.wasm with index.json, and the slave's name. Several slaves may
share it; two on one machine need a --name each.

Environment: RUST_LOG sets the log filter (default `info`; `debug` shows every request). HTTP_PROXY, HTTPS_PROXY, ALL_PROXY
and NO_PROXY apply to downloads, not to the master. Certificates are checked against the system's store, or against
SSL_CERT_FILE and SSL_CERT_DIR in its place, and against --ca-file.

SIGTERM, Ctrl-C or a closed terminal (SIGHUP) stops: the batch at work is given back, finished results are delivered for up to
5 s. A second one stops at once. Under nohup a closed terminal does not stop it. A log that nobody reads, or that cannot be
written, is lost; the work goes on.

Exit codes: 0 stopped; 1 could not start, or stopped by a second signal; 2 wrong usage.";

/// Polls a master for batches, computes them, posts the results.
#[derive(Debug, Parser)]
#[command(name = "tig-slave", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Address, host name or http(s) URL of the master.
    master: String,
    /// Path of an external tig-worker, or `builtin`.
    #[arg(default_value = BUILTIN)]
    worker: PathBuf,
    /// Folder for WASM modules; made if missing.
    #[arg(default_value = "algorithms")]
    algorithms_folder: PathBuf,
    /// Nonces computed at the same time [default: one per core; earlier slaves used 8].
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,
    /// Name shown by the master [default: made once for this machine and folder].
    #[arg(long)]
    name: Option<SlaveName>,
    /// File with the bearer token that the master asks for.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// PEM file with authorities to trust besides those of the system, such as the one of the master's certificate.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Port of the master, unless a URL is given.
    #[arg(long, default_value_t = 5115)]
    port: u16,
    /// Stop when standard input ends, so that the slave goes down with the program that started it.
    #[arg(long)]
    pub(crate) exit_with_parent: bool,
}

/// The command line names something that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error(transparent)]
    Master(#[from] BadMaster),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("cannot make the algorithms folder {}; give a folder that can be written", path.display())]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
}

impl Cli {
    /// Settings of the slave; makes the algorithms folder and the stored name if they are missing.
    pub(crate) fn settings(self) -> Result<Settings, SettingsError> {
        let master = master_url(&self.master, self.port)?;
        let token = self.token_file.as_deref().map(Token::read).transpose()?;
        let trust = Trust::load(self.ca_file.as_deref())?;
        let name = match self.name {
            Some(name) => name,
            None => {
                let path = &self.algorithms_folder;
                std::fs::create_dir_all(path).map_err(|source| SettingsError::Folder {
                    path: path.clone(),
                    source,
                })?;
                SlaveName::stored_in(path)?
            }
        };
        let engine = if self.worker.as_os_str() == BUILTIN {
            Engine::Builtin
        } else {
            // The link leads to this very program, even after its file was replaced by an upgrade.
            Engine::External(External::new(
                self.worker,
                Some(PathBuf::from("/proc/self/exe")),
            ))
        };
        let workers = self
            .workers
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN);
        let algorithms_folder = self.algorithms_folder;
        Ok(Settings {
            master,
            name,
            token,
            trust,
            algorithms_folder,
            workers,
            engine,
            pace: Pace::default(),
        })
    }
}
