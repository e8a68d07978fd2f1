//! A webhook on loopback, which answers as it is ordered to and keeps the requests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request that the webhook has read.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Status of the answer.
    pub(crate) status: u16,
}

/// What the webhook does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    Answers(u16),
    /// Sends the client to this port.
    Redirects(u16),
    /// Reads and says nothing.
    Hangs,
}

/// A webhook on loopback.
pub(crate) struct Webhook {
    pub(crate) port: u16,
    mood: Arc<Mutex<Mood>>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Webhook {
    pub(crate) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let webhook = Self {
            port: listener.local_addr().unwrap().port(),
            mood: Arc::new(Mutex::new(mood)),
            received: Arc::default(),
        };
        let (mood, received) = (Arc::clone(&webhook.mood), Arc::clone(&webhook.received));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (mood, received) = (*mood.lock().unwrap(), Arc::clone(&received));
                std::thread::spawn(move || serve(stream, mood, &received));
            }
        });
        webhook
    }

    pub(crate) fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Messages that were answered with 200.
    pub(crate) fn delivered(&self) -> Vec<Value> {
        let received = self.received();
        let delivered = received.iter().filter(|it| it.status == 200);
        delivered.map(Received::message).collect()
    }
}

impl Received {
    pub(crate) fn message(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        });
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

fn serve(mut stream: TcpStream, mood: Mood, received: &Mutex<Vec<Received>>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    let (head, body) = loop {
        let Ok(count @ 1..) = stream.read(&mut buffer) else {
            return;
        };
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(request) = split(&bytes) {
            break request;
        }
    };
    let (status, location) = match mood {
        Mood::Answers(status) => (status, String::new()),
        Mood::Redirects(port) => (307, format!("Location: http://127.0.0.1:{port}/\r\n")),
        Mood::Hangs => (0, String::new()),
    };
    received
        .lock()
        .unwrap()
        .push(Received { head, body, status });
    if status == 0 {
        // Until the client gives up.
        let _ = stream.read(&mut buffer);
        return;
    }
    let answer =
        format!("HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes());
}

/// Head and body, once both are whole.
fn split(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| {
        let line = line.to_ascii_lowercase();
        line.strip_prefix("content-length: ")?.parse::<usize>().ok()
    })?;
    let body = &bytes[end + 4..];
    (body.len() >= length).then(|| (head, body[..length].to_vec()))
}

/// The alerts of one list of the messages: of those that began, `raised`, or ended, `cleared`.
pub(crate) fn alerts<'a>(messages: &'a [Value], list: &str) -> impl Iterator<Item = &'a Value> {
    messages
        .iter()
        .flat_map(move |message| message[list].as_array().unwrap())
}

/// Whether a delivered message has an alert of this code in this list.
pub(crate) fn has(messages: &[Value], list: &str, code: &str) -> bool {
    alerts(messages, list).any(|item| item["code"] == code)
}
