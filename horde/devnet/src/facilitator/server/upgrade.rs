//! From an HTTP request to a websocket.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use horde_proto::facilitator::{FACILITATOR_FRAME_BYTES_MAX, VERSION_HEADER};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tracing::debug;

use super::{Shared, socket};

/// Bytes that a connection reads at once.
const SOCKET_BUFFER_BYTES: usize = 16 << 10;

/// Opens a socket for a validator.
pub(super) async fn upgrade(State(shared): State<Shared>, request: Request) -> Response {
    let response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    };
    let version = request.headers().get(VERSION_HEADER);
    let version = version.and_then(|version| version.to_str().ok());
    let version = version.map(str::to_owned);
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => {
                let config = WebSocketConfig::default()
                    .read_buffer_size(SOCKET_BUFFER_BYTES)
                    .max_message_size(Some(FACILITATOR_FRAME_BYTES_MAX))
                    .max_frame_size(Some(FACILITATOR_FRAME_BYTES_MAX));
                let io = TokioIo::new(upgraded);
                let stream = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
                socket::serve(&shared.hub, stream, version.as_deref()).await;
            }
            Err(error) => debug!(%error, "validator went away before the upgrade"),
        }
    });
    response
}
