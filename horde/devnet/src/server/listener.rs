//! The port of a miner, which a vice may close.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Router, middleware};
use horde_proto::receipt::csv::CSV_PATH;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tracing::warn;

use super::{guard, pages, upgrade};
use crate::hub::Hub;
use crate::miner::Port;

/// Pause before another attempt to open a port that something else has taken.
const REOPEN_INTERVAL: Duration = Duration::from_millis(200);

/// A TLS server's answer to what is not TLS: the alert `unexpected_message`.
const TLS_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 10];
/// Connections that are held open without HTTP.
const RAW_CONNECTIONS_COUNT_MAX: usize = 1_024;

/// The path of the sockets of validators.
const SOCKET_ROUTE: &str = "/v0.1/validator_interface/{validator}";

/// Listens on an address of loopback.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
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

/// Serves a miner for ever. `listener` is the open port, which is closed at once if a vice says so.
pub(crate) async fn serve_miner(hub: Arc<Hub>, address: SocketAddr, listener: TcpListener) {
    let mut port = hub.port();
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
                    warn!(%address, %error, "port of a miner cannot be opened again yet");
                    tokio::time::sleep(REOPEN_INTERVAL).await;
                    continue;
                }
            },
        };
        tokio::select! {
            () = serve(&hub, current, open) => {}
            _ = port.changed() => {}
        }
    }
}

async fn serve(hub: &Arc<Hub>, port: Port, listener: TcpListener) {
    match port {
        Port::Http => {
            // An answer that waits for more to send would count as the miner's time.
            let listener = listener.tap_io(|stream| {
                let _ = stream.set_nodelay(true);
            });
            // It ends with the task only.
            let _ = axum::serve(listener, router(hub.clone())).await;
        }
        Port::Closed => {}
        Port::Tls => serve_raw(listener, &TLS_ALERT).await,
        Port::Mute => serve_raw(listener, &[]).await,
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
