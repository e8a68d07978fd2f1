//! The admin socket: a port on this machine only, whose address and token lie in a file that only the host's user can
//! read.
//!
//! Invariants: it never listens beyond loopback; a client without the token gets no reply but a rejection.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path as PathSegment, Request, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tig_plugin_api::Secret;
use tig_process::error_chain::error_chain;
use tig_process::whole_file;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use super::Control;
use super::calls::ARGUMENTS_BYTES_MAX;
use super::operator::call::call_status;
use super::operator::{self, failure, refused};
use super::report::{CommandsReport, DrainRequest, ReloadReport, ShadowRequest};
use super::{export, stream};
use crate::config::access::Access;
use crate::http::alarm::Alarm;
use crate::http::listener::{self, Peer};
use crate::http::server::METRICS_PATH;

/// Name of the file under the backup folder.
pub(crate) const FILE_NAME: &str = "admin.json";

/// Time between two checks of the file.
const FILE_INTERVAL: Duration = Duration::from_secs(5);

/// Bytes of the token's randomness.
const TOKEN_BYTES: usize = 32;

/// How to reach a running host.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AdminFile {
    /// Address of the socket.
    pub address: SocketAddr,
    /// Token that requests must carry.
    pub token: Secret,
    /// Process id of the host.
    pub pid: u32,
}

impl AdminFile {
    /// Reads the file in a host's backup folder.
    ///
    /// # Errors
    ///
    /// The file is missing, not readable, or not written by a host.
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        Self::read_from(&folder.join(FILE_NAME))
    }

    fn read_from(path: &Path) -> io::Result<Self> {
        serde_json::from_slice(&fs::read(path)?).map_err(io::Error::other)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        whole_file::write(path, &serde_json::to_vec(self)?, 0o600)
    }
}

/// An open admin socket; dropping it removes the file.
#[derive(Debug)]
pub(crate) struct Admin {
    path: PathBuf,
    maintenance: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Admin {
    /// Opens the socket of the host whose store is in `folder`.
    ///
    /// # Errors
    ///
    /// The port, the token or the file cannot be created.
    pub(crate) fn open(control: Control, folder: &Path, runtime: &Handle) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let file = AdminFile {
            address: listener.local_addr()?,
            token: new_token()?,
            pid: std::process::id(),
        };
        let access = Arc::new(Access::new(Some(&file.token), Vec::new(), Vec::new()));
        let app = app(control.clone())
            .merge(operator::router(control))
            .layer(middleware::from_fn_with_state(access, admit));
        let (stop, stopped) = watch::channel(false);
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (_, no_tls) = watch::channel(None);
        runtime.spawn(listener::serve(listener, no_tls, app, stopped));
        let path = folder.join(FILE_NAME);
        file.write(&path)?;
        let maintenance = runtime.spawn(maintain_file(file, path.clone()));
        Ok(Self {
            path,
            maintenance,
            _stop: stop,
        })
    }
}

/// Writes the file again whenever it is missing or replaced, so that clients find the running host.
async fn maintain_file(file: AdminFile, path: PathBuf) {
    let mut is_logged = false;
    loop {
        tokio::time::sleep(FILE_INTERVAL).await;
        let is_own =
            |present: AdminFile| (present.address, present.pid) == (file.address, file.pid);
        if AdminFile::read_from(&path).is_ok_and(is_own) {
            continue;
        }
        match file.write(&path) {
            Ok(()) => info!(
                "{} was gone or another; it is written again",
                path.display()
            ),
            Err(error) if !is_logged => {
                is_logged = true;
                warn!(
                    "{} is gone and cannot be written again: {error}",
                    path.display()
                );
            }
            Err(_) => {}
        }
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.maintenance.abort();
        // A leftover file would lead clients to a closed port.
        let _ = fs::remove_file(&self.path);
    }
}

fn new_token() -> io::Result<Secret> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes)?;
    let hex = |byte: &u8| format!("{byte:02x}");
    Ok(Secret::new(bytes.iter().map(hex).collect()))
}

async fn admit(
    State(access): State<Arc<Access>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    match access.check(peer.ip(), request.uri().path(), header) {
        Ok(()) => next.run(request).await,
        Err(refusal) => failure(StatusCode::UNAUTHORIZED, &refusal.to_string()),
    }
}

fn app(control: Control) -> Router {
    Router::new()
        .route("/status", get(status))
        .route(METRICS_PATH, get(metrics))
        .route("/reload", post(reload_all))
        .route("/reload/{name}", post(reload))
        .route("/shadow/{name}", post(shadow))
        .route("/promote/{name}", post(promote))
        .route("/discard/{name}", post(discard))
        .route("/drain", post(drain))
        .route("/commands", get(commands))
        .route("/operator", any(of_extension))
        .route("/operator/", any(of_extension))
        .route("/operator/{*rest}", any(of_extension))
        .route(
            "/call/{extension}/{command}",
            post(call).layer(DefaultBodyLimit::max(ARGUMENTS_BYTES_MAX)),
        )
        .with_state(control.clone())
        .merge(export::route(control))
}

async fn status(State(control): State<Control>) -> Response {
    Json(control.status()).into_response()
}

/// The metrics of the listener, whatever its TLS and whomever it admits.
async fn metrics(State(control): State<Control>) -> Response {
    control.metrics().response()
}

async fn reload(
    State(control): State<Control>,
    PathSegment(name): PathSegment<String>,
) -> Response {
    match control.reload(&name).await {
        Ok(outcome) => Json(ReloadReport::from_outcome(&name, outcome)).into_response(),
        Err(error) => refused(&error),
    }
}

async fn reload_all(State(control): State<Control>) -> Response {
    match control.reload_config().await {
        Ok(attempts) => Json(ReloadReport::from_attempts(&attempts)).into_response(),
        Err(error) => refused(&error),
    }
}

async fn shadow(
    State(control): State<Control>,
    PathSegment(name): PathSegment<String>,
    Json(request): Json<ShadowRequest>,
) -> Response {
    match control.shadow(&name, &request.file).await {
        Ok(()) => Json(control.status()).into_response(),
        Err(error) => refused(&error),
    }
}

async fn promote(
    State(control): State<Control>,
    PathSegment(name): PathSegment<String>,
) -> Response {
    match control.promote(&name).await {
        Ok(outcome) => Json(ReloadReport::from_outcome(&name, outcome)).into_response(),
        Err(error) => refused(&error),
    }
}

async fn discard(
    State(control): State<Control>,
    PathSegment(name): PathSegment<String>,
) -> Response {
    match control.discard(&name).await {
        Ok(()) => Json(control.status()).into_response(),
        Err(error) => refused(&error),
    }
}

async fn drain(State(control): State<Control>, Json(request): Json<DrainRequest>) -> Response {
    control.drain(request.seconds_max.map(Duration::from_secs));
    Json(control.status()).into_response()
}

/// Passes on what an extension contributes to the operator's paths.
async fn of_extension(
    State(control): State<Control>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    mut request: Request,
) -> Response {
    // Extensions must not see the socket's own token.
    request.headers_mut().remove(AUTHORIZATION);
    let alarm = Alarm::new();
    control
        .reply_of_extension(&Peer { address, alarm }, request)
        .await
}

async fn commands(State(control): State<Control>) -> Response {
    Json(CommandsReport {
        extensions: control.commands(),
    })
    .into_response()
}

/// Replies when the command has started, with lines of JSON until it has ended: that may take hours.
async fn call(
    State(control): State<Control>,
    PathSegment((extension, command)): PathSegment<(String, String)>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return failure(rejection.status(), &rejection.body_text()),
    };
    let arguments = match serde_json::from_slice(&body) {
        Ok(arguments) => arguments,
        Err(error) => {
            let text = format!("the arguments are not JSON: {error}");
            return failure(StatusCode::BAD_REQUEST, &text);
        }
    };
    match control.call(&extension, &command, &arguments).await {
        Ok(call) => stream::reply(call),
        Err(error) => failure(call_status(&error), &error_chain(&error)),
    }
}
