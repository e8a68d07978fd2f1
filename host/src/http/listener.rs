//! Accepts connections, with or without TLS, and serves HTTP on them.
//!
//! Invariants: a client that is slow in its TLS handshake, never sends a request, or does not read its response holds a
//! connection for a bounded time and keeps no other client from connecting; the number of connections is bounded, and
//! leaves file descriptors for the rest of the host.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tracing::{Instrument, debug, debug_span, warn};

use crate::http::alarm::Alarm;
use crate::http::client_stream::{ClientStream, WRITE_TIMEOUT};
use crate::limits::CONNECTIONS_MAX;

/// File descriptors left for the store, plugins and outgoing requests, if the limit allows it.
const OTHER_FILES: u64 = 512;

/// Longest TLS handshake.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time for the head of a request, and of a connection without one.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Time that open requests have to end when the host stops.
pub(crate) const GRACE_TIMEOUT: Duration = Duration::from_secs(2);

/// Pause after a failed accept, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// TLS of the next connection; it can be replaced while connections are open.
pub(crate) type Tls = watch::Receiver<Option<Arc<ServerConfig>>>;

/// Raises RLIMIT_NOFILE to its hard limit: each connection needs a file descriptor.
///
/// # Errors
///
/// The system refuses; the limit stays as it was.
pub(crate) fn raise_file_limit() -> io::Result<()> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}

/// Number of connections that there are file descriptors for.
fn connections_max() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let free = files.saturating_sub(OTHER_FILES).max(files / 2);
    usize::try_from(free).map_or(CONNECTIONS_MAX, |free| free.min(CONNECTIONS_MAX))
}

/// The client of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The timer of the connection.
    pub alarm: Alarm,
}

/// Serves the requests of a listener; each connection has a clone.
pub(crate) trait Respond: Clone + Send + Sync + 'static {
    /// The response to a request of `peer`.
    fn respond(
        self,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response> + Send + use<Self>;
}

/// For listeners with few requests. Handlers find the client's address as `ConnectInfo<SocketAddr>`.
impl Respond for axum::Router {
    fn respond(
        self,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response> + Send + use<> {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer.address));
        let answered = TowerToHyperService::new(self).call(request);
        async { answered.await.unwrap_or_else(|never| match never {}) }
    }
}

/// Serves `app` until `stop` changes.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Tls,
    app: impl Respond,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(connections_max()));
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            // The sender is gone when the host has ended: stop as well.
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = canonical(peer);
                let (tls, app, watcher) = (tls.borrow().clone(), app.clone(), graceful.watcher());
                let served = async move {
                    let served = connection(stream, WRITE_TIMEOUT, peer, tls, app, watcher);
                    if let Err(error) = served.await {
                        debug!(%peer, "connection: {error}");
                    }
                    drop(place);
                };
                tokio::spawn(served.instrument(debug_span!("connection", %peer)));
            }
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    if timeout(GRACE_TIMEOUT, graceful.shutdown()).await.is_err() {
        debug!("requests were still open when the host stopped");
    }
}

/// Maps an IPv4 client of an IPv6 socket back to its IPv4 address: `::ffff:127.0.0.1` is this machine.
fn canonical(peer: SocketAddr) -> SocketAddr {
    match peer.ip().to_canonical() {
        IpAddr::V4(address) => SocketAddr::from((address, peer.port())),
        IpAddr::V6(_) => peer,
    }
}

async fn connection(
    stream: TcpStream,
    write_timeout: Duration,
    peer: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    app: impl Respond,
    watcher: Watcher,
) -> io::Result<()> {
    // Responses are short: a delay to fill packets would only slow them down.
    stream.set_nodelay(true)?;
    let stream = ClientStream::new(stream, write_timeout);
    let peer = Peer {
        address: peer,
        alarm: stream.alarm(),
    };
    match tls {
        None => speak(stream, peer, app, watcher).await,
        Some(config) => {
            let greeting = TlsAcceptor::from(config).accept(stream);
            let stream = timeout(HANDSHAKE_TIMEOUT, greeting).await??;
            speak(stream, peer, app, watcher).await
        }
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    peer: Peer,
    app: impl Respond,
    watcher: Watcher,
) -> io::Result<()> {
    let alarm = peer.alarm.clone();
    let service = service_fn(move |request| {
        let responded = app.clone().respond(&peer, request);
        async move { Ok::<_, Infallible>(responded.await) }
    });
    let served = http1::Builder::new()
        .timer(alarm)
        .header_read_timeout(HEAD_TIMEOUT)
        // Responses are short: to copy one behind its head costs less than a write of two parts.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    watcher.watch(served).await.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tig_process::error_chain::error_chain;
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// More than the system buffers for a client that does not read.
    const LONG_BYTES: usize = 64 << 20;

    #[tokio::test]
    async fn client_that_does_not_read_is_disconnected() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await;
        let mut client = client.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let head = b"GET / HTTP/1.1\r\nHost: host\r\n\r\n";
        client.write_all(head).await.unwrap();
        let app = Router::new().route("/", get(async || vec![0; LONG_BYTES]));
        let (graceful, write_timeout) = (GracefulShutdown::new(), Duration::from_millis(1));
        let watcher = graceful.watcher();
        let served = connection(stream, write_timeout, peer, None, app, watcher);
        let ended = timeout(HEAD_TIMEOUT, served).await.unwrap();
        let reason = error_chain(&ended.unwrap_err());
        assert!(reason.contains("the client has read nothing"), "{reason}");
    }
}
