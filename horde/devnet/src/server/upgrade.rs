//! From an HTTP request to a websocket.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tracing::debug;

use super::socket;
use crate::hub::Hub;
use crate::miner::Handshake;

/// Bytes of a frame that a miner takes: more than validators may send, so that what they do can be seen.
const FRAME_BYTES_MAX: usize = 256 << 20;
/// Bytes that a connection reads at once.
const READ_BUFFER_BYTES: usize = 16 << 10;
/// The only version of the protocol.
const VERSION: &str = "13";
/// Where the vice of redirections points.
const MOVED_TO: &str = "/v9.9/moved";

/// Opens a socket for the validator in the path.
pub(super) async fn upgrade(
    State(hub): State<Arc<Hub>>,
    Path(validator): Path<String>,
    request: Request,
) -> Response {
    match hub.handshake() {
        Handshake::Accepted => {}
        Handshake::NotFound => return StatusCode::NOT_FOUND.into_response(),
        Handshake::Moved => {
            let location = [(header::LOCATION, MOVED_TO)];
            return (StatusCode::MOVED_PERMANENTLY, location).into_response();
        }
    }
    let Some(accept) = accept_key(request.headers()) else {
        let version = [(header::SEC_WEBSOCKET_VERSION, VERSION)];
        return (StatusCode::UPGRADE_REQUIRED, version).into_response();
    };
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    .read_buffer_size(READ_BUFFER_BYTES)
                    .max_message_size(Some(FRAME_BYTES_MAX))
                    .max_frame_size(Some(FRAME_BYTES_MAX));
                let io = TokioIo::new(upgraded);
                let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
                socket::serve(hub, stream, &validator).await;
            }
            Err(error) => debug!(%error, "validator went away before the upgrade"),
        }
    });
    let headers = [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// The answer to the key of a request for a websocket, or nothing if it is another request.
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let is_listed = |name: HeaderName, expected: &str| {
        let values = headers.get_all(name).into_iter();
        let mut texts = values.filter_map(|value| value.to_str().ok());
        texts.any(|text| {
            let mut tokens = text.split(',');
            tokens.any(|token| token.trim().eq_ignore_ascii_case(expected))
        })
    };
    let is_upgrade = is_listed(header::CONNECTION, "upgrade")
        && is_listed(header::UPGRADE, "websocket")
        && is_listed(header::SEC_WEBSOCKET_VERSION, VERSION);
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let accept = derive_accept_key(key.as_bytes());
    is_upgrade.then(|| accept.parse().ok()).flatten()
}
