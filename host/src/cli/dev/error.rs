//! Why a run does not begin or go on.

use std::io;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use super::super::admin::AdminError;
use super::description::{DescriptionError, HOST};
use super::package::{PLUGIN_KIND, PackageError};
use super::placeholders::UnknownPlace;
use crate::exit_code;

/// Why a run does not begin or go on.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum DevError {
    /// The folder is not that of a plugin.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// `dev.json` cannot be used.
    #[error(transparent)]
    Description(#[from] DescriptionError),
    /// A program does not start.
    #[error("cannot start {name}: {source}")]
    Start {
        /// The program.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program takes too long.
    #[error("{what} took longer than {seconds} s and was ended")]
    Slow {
        /// What was ended.
        what: &'static str,
        /// The longest time.
        seconds: u64,
    },
    /// A program or a file that it needs is missing.
    #[error("{name} needs {}, which is missing{hint}", path.display())]
    Missing {
        /// Name in `dev.json`.
        name: String,
        /// What is missing.
        path: PathBuf,
        /// What to do, after a colon.
        hint: String,
    },
    /// An argument has a place without a value.
    #[error("dev.json: {name}: {source}")]
    Place {
        /// The program.
        name: String,
        /// Which.
        source: UnknownPlace,
    },
    /// A stock extension is missing.
    #[error("the plugin of the extension `{name}` is missing: {} is not there; build it, or give its folder by --plugins DIR", path.display())]
    Plugin {
        /// The extension.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// A program has ended.
    #[error("{name} has ended ({status}){}", said(lines))]
    Ended {
        /// The program.
        name: String,
        /// How.
        status: ExitStatus,
        /// The end of what it has written.
        lines: Vec<String>,
    },
    /// A program is not ready in time.
    #[error("{name} is not ready after {seconds} s{}", said(lines))]
    NotReady {
        /// The program.
        name: String,
        /// Time that it had.
        seconds: u64,
        /// The end of what it has written.
        lines: Vec<String>,
    },
    /// Cargo has built something else.
    #[error(
        "cargo names no dynamic library of {}: its `[lib]` needs `crate-type = [\"{PLUGIN_KIND}\"]`, and its .cargo/config.toml must not set `build.target` to another system", manifest.display()
    )]
    NoArtifact {
        /// The package's manifest.
        manifest: PathBuf,
    },
    /// A path is not text.
    #[error("{} is not UTF-8, which JSON and arguments need: move it to a folder with such a name", path.display())]
    NotText {
        /// The path.
        path: PathBuf,
    },
    /// The running host has not done what it was asked for.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The system refuses something.
    #[error("cannot {what}: {source}")]
    System {
        /// What.
        what: String,
        /// Its reason.
        source: io::Error,
    },
}

impl DevError {
    /// The error of a program that does not start.
    pub(super) fn start(name: &str) -> impl FnOnce(io::Error) -> Self {
        let name = name.to_owned();
        move |source| Self::Start { name, source }
    }

    /// The error of something that the system refuses.
    pub(super) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }

    /// What a program has said about it, to be shown below the error.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Ended { lines, .. } | Self::NotReady { lines, .. } => lines.clone(),
            Self::Package(PackageError::Manifest { text, .. }) => {
                text.lines().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Code with which the program ends.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Package(_) | Self::Description(_) | Self::Place { .. } | Self::NotText { .. } => {
                exit_code::CONFIG.into()
            }
            // It says best what is wrong: its config, or a plugin.
            Self::Ended { name, status, .. } if name == HOST && !status.success() => {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                code.map_or(ExitCode::FAILURE, ExitCode::from)
            }
            Self::NoArtifact { .. }
            | Self::Missing { .. }
            | Self::Plugin { .. }
            | Self::Ended { .. } => exit_code::PLUGIN.into(),
            Self::Admin(error) => error.exit_code(),
            Self::Start { .. }
            | Self::Slow { .. }
            | Self::NotReady { .. }
            | Self::System { .. } => ExitCode::FAILURE,
        }
    }
}

fn said(lines: &[String]) -> &'static str {
    if lines.is_empty() {
        " and has written nothing"
    } else {
        "; the end of what it has written:"
    }
}
