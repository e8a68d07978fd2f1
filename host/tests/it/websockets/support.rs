//! A host with the fixture `dialer`, and peers that do as a test says.

use std::net::SocketAddr;
use std::time::Instant;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tig_host::Host;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

use crate::support::{Home, PATIENCE, fixture};

/// A host with `dialer`, inside the test's own process.
pub(crate) struct Dialer {
    pub(crate) home: Home,
    pub(crate) host: Host,
}

impl Dialer {
    pub(crate) fn start() -> Self {
        Self::start_with(|_, _| ())
    }

    /// With a changed config.
    pub(crate) fn start_with(change: impl FnOnce(&Home, &mut Value)) -> Self {
        let home = Home::new();
        let mut config = dialer_config(&home);
        change(&home, &mut config);
        let host = home.host_inside(&config);
        Self { home, host }
    }

    /// Orders for one handler; the status of its answer.
    pub(crate) async fn order(&self, orders: Value) -> u16 {
        order_at(&format!("http://{}", self.host.address()), orders).await
    }

    /// Opens the connection `tag`.
    pub(crate) async fn open(&self, tag: &str, url: &str) {
        assert_eq!(self.order(json!([{ "open": open(tag, url) }])).await, 200);
    }

    /// What the extension has seen.
    pub(crate) async fn events(&self) -> Vec<Value> {
        let seen = get(self.host.address(), "/events").await;
        serde_json::from_value(seen).unwrap()
    }

    /// Waits until an event of the connection `tag` has the key `kind`.
    pub(crate) async fn event(&self, tag: &str, kind: &str) -> Value {
        self.nth_event(tag, kind, 0).await
    }

    /// Like [`Dialer::event`], after `skipped` others of the kind.
    pub(crate) async fn nth_event(&self, tag: &str, kind: &str, skipped: usize) -> Value {
        let mut seen = Vec::new();
        let found = |event: &Value| event[0] == tag && !event[1][kind].is_null();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            seen = self.events().await;
            if let Some(event) = seen.iter().filter(|event| found(event)).nth(skipped) {
                return event[1].clone();
            }
            tokio::task::yield_now().await;
        }
        panic!("no {kind:?} of {tag:?} in {seen:?}");
    }

    /// How many numbered frames have come, and how many out of order.
    pub(crate) async fn rows(&self) -> (u64, u64) {
        serde_json::from_value(get(self.host.address(), "/rows").await).unwrap()
    }

    pub(crate) async fn stop(self) {
        let Self { home, host } = self;
        crate::apply::stop(host).await;
        drop(home);
    }
}

/// A config with `dialer`, whose file is in its place.
pub(crate) fn dialer_config(home: &Home) -> Value {
    home.install("dialer", &std::fs::read(fixture("dialer")).unwrap());
    let mut config = home.config();
    config["extensions"] = json!(["dialer"]);
    config
}

/// Orders for one handler of the host at `url`; the status of its answer.
pub(crate) async fn order_at(url: &str, orders: Value) -> u16 {
    let request = reqwest::Client::new().post(format!("{url}/do"));
    let answer = request.json(&orders).send().await.unwrap();
    answer.status().as_u16()
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Value {
    let answer = reqwest::get(format!("http://{address}{path}")).await;
    answer.unwrap().json().await.unwrap()
}

/// A connection to be opened, with usual bounds.
pub(crate) fn open(tag: &str, url: &str) -> Value {
    json!({
        "tag": tag,
        "url": url,
        "headers": [],
        "frame_bytes_max": 1 << 20,
        "ping_every_ms": 0,
        "silent_ms_max": 0,
        "connect_ms": 30_000,
    })
}

/// Like [`open`], with other values.
pub(crate) fn open_with(tag: &str, url: &str, changes: Value) -> Value {
    let mut open = open(tag, url);
    for (key, value) in changes.as_object().unwrap() {
        open[key] = value.clone();
    }
    open
}

/// Where peers accept connections.
pub(crate) struct Peers(TcpListener);

impl Peers {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/path", self.0.local_addr().unwrap())
    }

    /// The next connection, as bytes.
    pub(crate) async fn accept_bytes(&self) -> TcpStream {
        let accepted = tokio::time::timeout(PATIENCE, self.0.accept()).await;
        accepted.expect("a connection").unwrap().0
    }

    /// The next connection, after its handshake.
    pub(crate) async fn accept(&self) -> Peer {
        Peer::accept(self.accept_bytes().await).await
    }
}

/// The other end of a connection.
pub(crate) struct Peer(pub(crate) WebSocketStream<TcpStream>);

impl Peer {
    /// Answers the handshake of a connection.
    pub(crate) async fn accept(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self(accept_async(stream).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The next message, whatever it is.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        next.expect("a message").and_then(Result::ok)
    }

    /// The next text.
    pub(crate) async fn text(&mut self) -> String {
        match self.message().await {
            Some(Message::Text(text)) => text.as_str().to_owned(),
            other => panic!("{other:?} in place of a text"),
        }
    }

    /// The close frame, after any other messages.
    pub(crate) async fn close_frame(&mut self) -> (u16, String) {
        loop {
            match self.message().await {
                Some(Message::Close(Some(CloseFrame { code, reason }))) => {
                    return (code.into(), reason.as_str().to_owned());
                }
                Some(_) => {}
                None => panic!("the connection has ended without a close frame"),
            }
        }
    }
}

/// A connection `tag` that is open, and its other end.
pub(crate) async fn connected(dialer: &Dialer, tag: &str) -> Peer {
    let peers = Peers::listen().await;
    let url = peers.url();
    let (peer, ()) = tokio::join!(peers.accept(), dialer.open(tag, &url));
    dialer.event(tag, "opened").await;
    peer
}
