//! The command line (benchmarker.md section 2).

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use reqwest::Url;
use tig_http_client::{Trust, TrustError};
use tig_process::documents::Documents;
use tig_slave::doctor::Examined;
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

`tig-slave status` shows the slaves that run here, `tig-slave doctor MASTER ..` what would keep one from its work. A master whose
host name is one of these commands, `completions` or `man` is given as a URL.

Exit codes: 0 stopped; 1 could not start, or stopped by a second signal, or `status` may not look into a folder and sees no slave that
runs; 2 wrong usage; 7 `status`: no slave runs; 11 `doctor`: something does not work.";

/// Polls a master for batches, computes them, posts the results.
#[derive(Debug, Parser)]
#[command(
    name = "tig-slave",
    version,
    after_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) slave: SlaveArguments,
}

/// What else the program does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what the slaves on this machine do
    Status(StatusArguments),
    /// Looks at all that can keep a slave from its work, and says what to do about it
    Doctor(DoctorArguments),
    #[command(flatten)]
    Documents(Documents),
}

/// Of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// Algorithms folders of slaves [default: `algorithms` here, and those of this machine's services].
    pub(crate) folders: Vec<PathBuf>,
    /// Show this slave only.
    #[arg(long)]
    pub(crate) name: Option<SlaveName>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) slave: SlaveArguments,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a slave is started with.
#[derive(Debug, Args)]
pub(crate) struct SlaveArguments {
    /// Address, host name or http(s) URL of the master.
    #[arg(required = true)]
    master: Option<String>,
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

impl SlaveArguments {
    /// Settings of the slave; makes the algorithms folder and the stored name if they are missing.
    pub(crate) fn settings(self) -> Result<Settings, SettingsError> {
        let master = self.master_url()?;
        let token = self.token_file.as_deref().map(Token::read).transpose()?;
        let trust = Trust::load(self.ca_file.as_deref())?;
        let (engine, workers) = (self.engine(), self.workers());
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

    /// What `doctor` looks at; makes nothing.
    pub(crate) fn examined(self) -> Result<Examined, SettingsError> {
        let name = match self.name.clone() {
            Some(name) => Some(name),
            None => SlaveName::known_in(&self.algorithms_folder)?,
        };
        Ok(Examined {
            master: self.master_url()?,
            name,
            token: self.token_file.as_deref().map(Token::read).transpose()?,
            trust: Trust::load(self.ca_file.as_deref())?,
            engine: self.engine(),
            workers: self.workers(),
            algorithms_folder: self.algorithms_folder,
        })
    }

    fn master_url(&self) -> Result<Url, BadMaster> {
        // The command line has one wherever it is needed.
        master_url(self.master.as_deref().unwrap_or_default(), self.port)
    }

    fn engine(&self) -> Engine {
        if self.worker.as_os_str() == BUILTIN {
            return Engine::Builtin;
        }
        // The link leads to this very program, even after its file was replaced by an upgrade.
        let guard = Some(PathBuf::from("/proc/self/exe"));
        Engine::External(External::new(self.worker.clone(), guard))
    }

    fn workers(&self) -> NonZeroUsize {
        self.workers
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
    }
}
