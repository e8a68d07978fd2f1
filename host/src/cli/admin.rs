//! The commands that reach a running host through its admin socket: `status`, `reload`, `shadow`, `promote`, `discard`, `drain`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tig_process::error_chain::error_chain;

use super::output;
use super::shown_text::escaped;
use crate::config::{Config, ConfigError};
use crate::control::CONTROL_TIMEOUT;
use crate::control::admin::{AdminFile, FILE_NAME};
use crate::control::report::{
    ExtensionReload, FailureReport, HostStatus, ReloadReport, ReportedOutcome, ShadowRequest,
};
use crate::exit_code;

/// The client waits this much longer than the host does for its own threads.
const SLACK: Duration = Duration::from_secs(5);

/// Which host is meant.
#[derive(Args, Clone, Debug)]
pub(super) struct Where {
    /// The host's config; `config.json` in the working directory by default
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// The host's backup folder
    #[arg(long, value_name = "FOLDER", global = true, conflicts_with = "config")]
    pub(super) backup: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// Why a running host has not done what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    /// No host runs there.
    #[error("no host runs with backup folder {}: cannot read {}: {source}", folder.display(), folder.join(FILE_NAME).display())]
    NotRunning {
        /// The backup folder.
        folder: PathBuf,
        /// Why the file of its admin socket cannot be read.
        source: io::Error,
    },
    /// The admin socket does not answer.
    #[error("the host (process {pid}) does not answer")]
    Unreachable {
        /// Process id in the file.
        pid: u32,
        /// The system's reason.
        source: reqwest::Error,
    },
    /// The host has closed its admin socket, and its process goes on.
    #[error(
        "the host (process {pid}) has stopped its work and does not end; `kill -9 {pid}` loses nothing that is stored"
    )]
    StillRunning {
        /// Its process.
        pid: u32,
    },
    /// The file's token is not the host's.
    #[error("the host does not accept the token of {FILE_NAME}: {0}")]
    Token(String),
    /// The host has refused.
    #[error("{0}")]
    Refused(String),
    /// The config does not say where the backup folder is.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The reply is not one that this program knows.
    #[error("the host's reply is not valid: {0}; use the program of the host's version")]
    Reply(#[from] serde_json::Error),
    /// The operating system refuses what a client needs.
    #[error("cannot start a client")]
    System(#[source] io::Error),
}

impl AdminError {
    /// The error of a reply that is not a success.
    pub(super) fn from_failure(status: StatusCode, FailureReport { error }: FailureReport) -> Self {
        if status == StatusCode::UNAUTHORIZED {
            Self::Token(error)
        } else {
            Self::Refused(error)
        }
    }

    /// Prints the error, and returns its exit code.
    pub(super) fn report(&self) -> ExitCode {
        output::error_line(&escaped(&error_chain(self)));
        self.exit_code()
    }

    /// Code with which a command ends.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotRunning { .. } | Self::Unreachable { .. } | Self::Token(_) => {
                exit_code::NOT_RUNNING.into()
            }
            Self::Refused(_) => exit_code::REFUSED.into(),
            Self::Config(_) => exit_code::CONFIG.into(),
            Self::Reply(_) | Self::System(_) | Self::StillRunning { .. } => ExitCode::FAILURE,
        }
    }
}

impl Where {
    /// The backup folder.
    pub(super) fn folder(&self) -> Result<PathBuf, AdminError> {
        if let Some(folder) = &self.backup {
            return Ok(folder.clone());
        }
        let path = self.config.as_deref().unwrap_or(Path::new("config.json"));
        Ok(Config::backup_folder_of(path)?)
    }

    /// How to reach the running host.
    pub(super) fn admin_file(&self) -> Result<AdminFile, AdminError> {
        let folder = self.folder()?;
        AdminFile::read(&folder).map_err(|source| AdminError::NotRunning { folder, source })
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, AdminError> {
        self.request(Method::GET, path, &Value::Null)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value, AdminError> {
        self.request(Method::POST, path, body)
    }

    fn request(&self, method: Method, path: &str, body: &Value) -> Result<Value, AdminError> {
        send(&self.admin_file()?, method, path, body)
    }

    /// Prints the reply as JSON, or lets `print` show it to people.
    pub(super) fn show<T: DeserializeOwned>(
        &self,
        reply: &Value,
        print: impl FnOnce(&T),
    ) -> Result<ExitCode, AdminError> {
        if self.json {
            output::json(reply);
        } else {
            print(&T::deserialize(reply)?);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Sends one request, on a runtime of its own.
fn send(file: &AdminFile, method: Method, path: &str, body: &Value) -> Result<Value, AdminError> {
    let unreachable = |source| AdminError::Unreachable {
        pid: file.pid,
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(AdminError::System)?;
    let (status, reply) = runtime
        .block_on(async {
            let client = reqwest::Client::builder()
                // Loopback is not for proxies, whatever the environment says, and has no TLS.
                .no_proxy()
                .tls_built_in_root_certs(false)
                .timeout(CONTROL_TIMEOUT + SLACK)
                .build()?;
            let request = client
                .request(method, format!("http://{}{path}", file.address))
                .bearer_auth(file.token.reveal())
                .json(body);
            let response = request.send().await?;
            Ok((response.status(), response.json::<Value>().await?))
        })
        .map_err(unreachable)?;
    if status.is_success() {
        return Ok(reply);
    }
    Err(AdminError::from_failure(
        status,
        FailureReport::deserialize(reply)?,
    ))
}

pub(super) fn status(place: &Where) -> Result<ExitCode, AdminError> {
    place.show(&place.get("/operator/v1/status")?, super::status::print)
}

pub(super) fn reload(place: &Where, name: Option<&str>) -> Result<ExitCode, AdminError> {
    let path = name.map_or("/reload".to_owned(), |name| format!("/reload/{name}"));
    show_reloads(place, &place.post(&path, &Value::Null)?)
}

pub(super) fn promote(place: &Where, name: &str) -> Result<ExitCode, AdminError> {
    show_reloads(
        place,
        &place.post(&format!("/promote/{name}"), &Value::Null)?,
    )
}

/// Shows what became of each extension; the exit code says whether each was reloaded.
fn show_reloads(place: &Where, reply: &Value) -> Result<ExitCode, AdminError> {
    let reloads = ReloadReport::deserialize(reply)?.reloads;
    place.show(reply, |report: &ReloadReport| {
        let lines = report.reloads.iter().map(reload_line);
        lines.for_each(|line| output::line(&line));
    })?;
    let outcomes = || reloads.iter().map(|reload| &reload.outcome);
    let is_refused = |outcome: &ReportedOutcome| matches!(outcome, ReportedOutcome::Refused { .. });
    Ok(if outcomes().any(is_refused) {
        exit_code::REFUSED.into()
    } else if outcomes().any(|outcome| *outcome == ReportedOutcome::Unknown) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn reload_line(ExtensionReload { name, outcome }: &ExtensionReload) -> String {
    match outcome {
        ReportedOutcome::Reloaded { from, to } => format!("{name}: reloaded {from} -> {to}"),
        ReportedOutcome::Unchanged { version } => format!("{name}: {version} runs already"),
        ReportedOutcome::Added { version } => format!("{name}: added, version {version}"),
        ReportedOutcome::Removed { .. } => format!("{name}: removed"),
        ReportedOutcome::Refused { reason } => {
            format!("{name}: refused, the running version goes on: {reason}")
        }
        ReportedOutcome::Unknown => format!(
            "{name}: the host reports an outcome that this program does not know; `--json` shows it"
        ),
    }
}

pub(super) fn shadow(place: &Where, name: &str, file: &Path) -> Result<ExitCode, AdminError> {
    // The host was started in another working directory.
    let file = std::path::absolute(file).unwrap_or(file.to_owned());
    let reply = place.post(&format!("/shadow/{name}"), &json!(ShadowRequest { file }))?;
    place.show(&reply, |status: &HostStatus| {
        let mut extensions = status.extensions.iter();
        let extension = extensions.find(|extension| extension.name == name);
        if let Some((extension, shadow)) = extension.and_then(|it| Some((it, it.shadow.as_ref()?)))
        {
            output::line(&format!(
                "{name}: {} runs as a shadow of {}; `tig-host status` compares them",
                shadow.version, extension.version
            ));
        }
    })
}

pub(super) fn discard(place: &Where, name: &str) -> Result<ExitCode, AdminError> {
    let reply = place.post(&format!("/discard/{name}"), &Value::Null)?;
    place.show(&reply, |_: &HostStatus| {
        output::line(&format!("{name}: the shadow has ended"));
    })
}
