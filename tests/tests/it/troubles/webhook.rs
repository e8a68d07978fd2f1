//! A webhook that keeps what the notifier sends.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::Router;
use axum::routing::post;
use serde_json::Value;
use tokio::runtime::Runtime;

/// A server on loopback; it ends with the value.
pub(crate) struct Webhook {
    /// Where it takes messages.
    pub(crate) url: String,
    messages: Arc<Mutex<Vec<Value>>>,
    _runtime: Runtime,
}

impl Webhook {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let messages = Arc::<Mutex<Vec<Value>>>::default();
        let kept = Arc::clone(&messages);
        let app = Router::new().route(
            "/alerts",
            post(move |Json(message): Json<Value>| {
                let kept = Arc::clone(&kept);
                async move {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.push(message);
                }
            }),
        );
        let bind = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(bind).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            url: format!("http://{address}/alerts"),
            messages,
            _runtime: runtime,
        }
    }

    /// Whether a message says in its list `raised` or `cleared` that the condition of this code and subject began or ended.
    pub(crate) fn has(&self, list: &str, code: &str, subject: &str) -> bool {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let items = messages
            .iter()
            .filter_map(|message| message[list].as_array())
            .flatten();
        items
            .into_iter()
            .any(|item| item["code"] == code && item["subject"] == subject)
    }
}
