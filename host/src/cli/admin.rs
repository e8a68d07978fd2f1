//! `tig-host status|reload|drain`: asks a running host through its admin socket.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use crate::{
    config::{Config, ConfigError},
    control::{
        CONTROL_TIMEOUT,
        admin::{AdminFile, DrainRequest, FILE_NAME, ShadowRequest},
    },
    exit_code,
};
use clap::Args;
use serde_json::{Value, json};
use tig_process::error_chain::error_chain;

use super::output;

/// Which host is meant.
#[derive(Args)]
pub(super) struct Where {
    /// The host's config; `config.json` here if nothing is said
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The host's backup folder
    #[arg(long, value_name = "FOLDER", global = true, conflicts_with = "config")]
    backup: Option<PathBuf>,
    /// Answer as JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// Why there is no answer to show.
pub(super) enum AdminError {
    /// No host runs there, or it does not take the token.
    NotRunning(String),
    /// It runs, and has refused.
    Refused(String),
    /// The config does not say where it is.
    Config(ConfigError),
}

impl AdminError {
    pub(super) fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Self::NotRunning(text) => (text.clone(), exit_code::NOT_RUNNING),
            Self::Refused(text) => (text.clone(), exit_code::REFUSED),
            Self::Config(error) => (error_chain(error), exit_code::CONFIG),
        };
        output::error_line(&text);
        code.into()
    }
}

impl Where {
    /// The backup folder.
    pub(super) fn folder(&self) -> Result<PathBuf, AdminError> {
        if let Some(folder) = &self.backup {
            return Ok(folder.clone());
        }
        let path = self.config.as_deref().unwrap_or(Path::new("config.json"));
        Config::backup_folder_of(path).map_err(AdminError::Config)
    }

    fn request(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, AdminError> {
        let folder = self.folder()?;
        let file = AdminFile::read(&folder).map_err(|error| {
            let path = folder.join(FILE_NAME);
            AdminError::NotRunning(format!(
                "no host runs with backup folder {}: cannot read {}: {error}",
                folder.display(),
                path.display()
            ))
        })?;
        send(&file, method, path, body)
    }
}

/// One request, on a runtime of its own.
fn send(
    file: &AdminFile,
    method: reqwest::Method,
    path: &str,
    body: &Value,
) -> Result<Value, AdminError> {
    const SLACK: Duration = Duration::from_secs(5);
    let gone = |error: &dyn std::error::Error| {
        AdminError::NotRunning(format!(
            "the host (process {}) does not answer: {}",
            file.pid,
            error_chain(error)
        ))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| gone(&error))?;
    runtime.block_on(async {
        let client = reqwest::Client::builder()
            // Loopback is not for proxies, whatever the environment says.
            .no_proxy()
            .timeout(CONTROL_TIMEOUT + SLACK)
            .build()
            .map_err(|error| gone(&error))?;
        let request = client
            .request(method, format!("http://{}{path}", file.address))
            .bearer_auth(file.token.reveal())
            .json(body);
        let response = request.send().await.map_err(|error| gone(&error))?;
        let status = response.status();
        let answer: Value = response.json().await.map_err(|error| gone(&error))?;
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer["error"]
            .as_str()
            .unwrap_or("no reason given")
            .to_owned();
        Err(if status == reqwest::StatusCode::UNAUTHORIZED {
            AdminError::NotRunning(format!(
                "the host does not take the token of {FILE_NAME}: {text}"
            ))
        } else {
            AdminError::Refused(text)
        })
    })
}

pub(super) fn status(place: &Where) -> Result<ExitCode, AdminError> {
    let status = place.request(reqwest::Method::GET, "/status", &Value::Null)?;
    if place.json {
        output::json(&status);
    } else {
        super::status::print(&status);
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn reload(place: &Where, name: Option<&str>) -> Result<ExitCode, AdminError> {
    let path = name.map_or("/reload".to_owned(), |name| format!("/reload/{name}"));
    let answer = place.request(reqwest::Method::POST, &path, &Value::Null)?;
    Ok(reloaded(place, &answer))
}

/// Tells what came of each extension.
fn reloaded(place: &Where, answer: &Value) -> ExitCode {
    if place.json {
        output::json(answer);
    }
    let mut code = ExitCode::SUCCESS;
    for reload in answer["reloads"].as_array().into_iter().flatten() {
        let text = |key: &str| reload[key].as_str().unwrap_or_default();
        let name = text("name");
        let line = match text("outcome") {
            "reloaded" => format!("{name}: reloaded {} -> {}", text("from"), text("to")),
            "unchanged" => format!("{name}: {} runs already", text("version")),
            "added" => format!("{name}: added, version {}", text("version")),
            "removed" => format!("{name}: removed"),
            _ => {
                code = exit_code::REFUSED.into();
                format!(
                    "{name}: refused, the running version goes on: {}",
                    text("reason")
                )
            }
        };
        if !place.json {
            output::line(&line);
        }
    }
    code
}

pub(super) fn shadow(place: &Where, name: &str, file: &Path) -> Result<ExitCode, AdminError> {
    // The host was started somewhere else.
    let file = std::path::absolute(file).unwrap_or(file.to_owned());
    let body = json!(ShadowRequest { file });
    let status = place.request(reqwest::Method::POST, &format!("/shadow/{name}"), &body)?;
    if place.json {
        output::json(&status);
        return Ok(ExitCode::SUCCESS);
    }
    let mut extensions = status["extensions"].as_array().into_iter().flatten();
    let extension = extensions.find(|extension| extension["name"] == name);
    let version = |value: &Value| value["version"].as_str().unwrap_or("?").to_owned();
    if let Some(extension) = extension {
        output::line(&format!(
            "{name}: {} runs beside {}; `tig-host status` tells how it does",
            version(&extension["shadow"]),
            version(extension)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn promote(place: &Where, name: &str) -> Result<ExitCode, AdminError> {
    let answer = place.request(
        reqwest::Method::POST,
        &format!("/promote/{name}"),
        &Value::Null,
    )?;
    Ok(reloaded(place, &answer))
}

pub(super) fn discard(place: &Where, name: &str) -> Result<ExitCode, AdminError> {
    let status = place.request(
        reqwest::Method::POST,
        &format!("/discard/{name}"),
        &Value::Null,
    )?;
    if place.json {
        output::json(&status);
    } else {
        output::line(&format!("{name}: the candidate is gone"));
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn drain(place: &Where, seconds_max: Option<u64>) -> Result<ExitCode, AdminError> {
    let body = json!(DrainRequest { seconds_max });
    let status = place.request(reqwest::Method::POST, "/drain", &body)?;
    if place.json {
        output::json(&status);
        return Ok(ExitCode::SUCCESS);
    }
    let unfinished = |extension: &Value| {
        let count = extension["unfinished"]
            .as_u64()
            .filter(|&count| count > 0)?;
        Some(format!(
            "{} has {count} unfinished",
            extension["name"].as_str()?
        ))
    };
    let extensions = status["extensions"].as_array().into_iter().flatten();
    let waits: Vec<String> = extensions.filter_map(unfinished).collect();
    output::line(&if waits.is_empty() {
        "draining".to_owned()
    } else {
        format!("draining: {}", waits.join(", "))
    });
    Ok(ExitCode::SUCCESS)
}
