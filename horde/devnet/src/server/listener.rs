//! Ports, which vices and faults may close.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Router, middleware};
use horde_proto::receipt::csv::CSV_PATH;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::warn;

use super::{guard, pages, upgrade};
use crate::hub::Hub;
use crate::port::Port;

/// Pause before another attempt to open a port that something else has taken.
const REOPEN_INTERVAL: Duration = Duration::from_millis(200);

/// A TLS server's answer to what is not TLS: the alert `unexpected_message`.
const TLS_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 10];
/// Connections that are held open without HTTP.
const RAW_CONNECTIONS_COUNT_MAX: usize = 1_024;

/// The path of the sockets of validators.
const SOCKET_ROUTE: &str = "/v0.1/validator_interface/{validator}";

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Bytes that the kernel takes for a connection before they are read: a request with a volume as a whole. In the system's own 64 KiB the
/// validator would wait for the miner's reads in the middle of each, on the miner's time.
const RECEIVE_BUFFER_BYTES: u32 = 1 << 20;

/// Listens on an address of loopback.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As `TcpListener::bind` does, so that a closed port can be opened again at once.
    socket.set_reuseaddr(true)?;
    // Accepted connections have it, too. The system may grant less.
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn router(hub: Arc<Hub>) -> Router {
    Router::new()
        .route(SOCKET_ROUTE, get(upgrade::upgrade))
        .route("/version", get(pages::version))
        .route(CSV_PATH, get(pages::csv))
        .route("/receipts/{page}", get(pages::page))
        .layer(middleware::from_fn(guard::guard))
        .with_state(hub)
}

/// Serves a miner for ever.
pub(crate) async fn serve_miner(hub: Arc<Hub>, address: SocketAddr, listener: TcpListener) {
    let port = hub.port();
    serve_port(port, address, listener, |listener| {
        serve_http(hub.clone(), listener)
    })
    .await;
}

async fn serve_http(hub: Arc<Hub>, listener: TcpListener) {
    // An answer that waits for more to send would count as the miner's time.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    // It ends with the task only.
    let _ = axum::serve(listener, router(hub)).await;
}

/// Serves a port for ever, with `serve_http` as long as it is served at all. `listener` is the open port, which is closed at
/// once if `port` says so.
pub(super) async fn serve_port<F: Future<Output = ()>>(
    mut port: watch::Receiver<Port>,
    address: SocketAddr,
    listener: TcpListener,
    serve_http: impl Fn(TcpListener) -> F,
) {
    let mut listener = Some(listener);
    loop {
        let current = *port.borrow_and_update();
        if current == Port::Closed {
            listener = None;
            if port.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = match listener.take() {
            Some(open) => open,
            None => match listen(address).await {
                Ok(open) => open,
                Err(error) => {
                    warn!(%address, %error, "port cannot be opened again yet");
                    tokio::time::sleep(REOPEN_INTERVAL).await;
                    continue;
                }
            },
        };
        let serve = async {
            match current {
                Port::Http => serve_http(open).await,
                Port::Closed => {}
                Port::Tls => serve_raw(open, &TLS_ALERT).await,
                Port::Mute => serve_raw(open, &[]).await,
            }
        };
        tokio::select! {
            () = serve => {}
            _ = port.changed() => {}
        }
    }
}

/// Takes connections that are not spoken to in HTTP: says `answer` to what comes first and closes, or waits if there is none.
async fn serve_raw(listener: TcpListener, answer: &'static [u8]) {
    // Connections end with the vice.
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((mut stream, _)) = listener.accept().await else {
            tokio::time::sleep(REOPEN_INTERVAL).await;
            continue;
        };
        if connections.len() >= RAW_CONNECTIONS_COUNT_MAX {
            continue;
        }
        connections.spawn(async move {
            let mut first = [0; 1_024];
            let read = stream.read(&mut first).await;
            if answer.is_empty() {
                // Until the other side goes away.
                while stream.read(&mut first).await.is_ok_and(|count| count > 0) {}
            } else if read.is_ok() {
                let _ = stream.write_all(answer).await;
            }
        });
    }
}
