//! The port of a miner, which a vice may close.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Router, middleware};
use horde_proto::receipt::csv::CSV_PATH;
use tokio::net::TcpListener;
use tracing::warn;

use super::{guard, pages, upgrade};
use crate::hub::Hub;

/// Pause before another attempt to open a port that something else has taken.
const REOPEN_INTERVAL: Duration = Duration::from_millis(200);

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

/// Serves a miner while it listens, for ever. `listener` is the open port, which is closed at once if the miner does not listen.
pub(crate) async fn serve_miner(hub: Arc<Hub>, address: SocketAddr, listener: TcpListener) {
    let mut listens = hub.listens();
    let mut listener = Some(listener);
    loop {
        if !*listens.borrow_and_update() {
            listener = None;
            if listens.changed().await.is_err() {
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
        // An answer that waits for more to send would count as the miner's time.
        let open = open.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        tokio::select! {
            _ = axum::serve(open, router(hub.clone())) => {}
            _ = listens.changed() => {}
        }
    }
}
