//! Accepts connections, with or without TLS, and serves HTTP on them.
//!
//! Invariants: a client that is slow to greet, or never sends a request, holds a connection for a bounded time and keeps
//! nobody else from connecting; the number of connections is bounded.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Extension, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tracing::{debug, warn};

/// Further clients wait until one of these has gone.
pub const CONNECTIONS_MAX: usize = 4_096;

/// Time to agree on TLS.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Time for the head of a request, and for a connection without one.
pub const HEAD_MAX: Duration = Duration::from_secs(60);

/// Time for open requests to end when the host stops.
pub const GRACE_MAX: Duration = Duration::from_secs(2);

/// After a failed accept, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// TLS as it is for the next connection; it can be replaced while connections are open.
pub type Tls = watch::Receiver<Option<Arc<ServerConfig>>>;

/// Serves `app`, whose handlers find the client's address as `ConnectInfo<SocketAddr>`, until `stop` changes.
pub async fn serve(
    listener: TcpListener,
    tls: Tls,
    app: axum::Router,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            // An error means that the host is gone: stop as well.
            _ = stop.changed() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (tls, app, watcher) = (tls.borrow().clone(), app.clone(), graceful.watcher());
                tokio::spawn(async move {
                    if let Err(error) = connection(stream, peer, tls, app, watcher).await {
                        debug!(%peer, "connection: {error}");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    if timeout(GRACE_MAX, graceful.shutdown()).await.is_err() {
        debug!("requests were still open when the host stopped");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    app: axum::Router,
    watcher: Watcher,
) -> io::Result<()> {
    // Answers are short and wait for nothing.
    stream.set_nodelay(true)?;
    let app = app.layer(Extension(ConnectInfo(peer)));
    match tls {
        None => speak(stream, app, watcher).await,
        Some(config) => {
            let greeting = TlsAcceptor::from(config).accept(stream);
            speak(timeout(HANDSHAKE_MAX, greeting).await??, app, watcher).await
        }
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    app: axum::Router,
    watcher: Watcher,
) -> io::Result<()> {
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    watcher.watch(served).await.map_err(io::Error::other)
}
