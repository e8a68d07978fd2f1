//! The earlier Python master, as it was recorded: the same batches and answers, byte for byte what its server writes.
//!
//! It knows two routes. It never holds a poll, and it answers a query or a header that it does not know as if they were not
//! there.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

const RECORDED: &str = include_str!("../../../vectors/recordings/single_knapsack.jsonl");

/// Request of the slave.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method and path, without query.
    pub(crate) target: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Batches for the slave, and requests of the slave.
#[derive(Default)]
struct Desk {
    batches: VecDeque<String>,
    wasm: Vec<u8>,
    seen: Vec<Request>,
}

pub(crate) struct StockMaster {
    pub(crate) address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

/// The exchanges between slave and master.
pub(crate) fn recorded() -> impl Iterator<Item = Value> {
    let exchanges = RECORDED
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    exchanges.filter(|exchange| exchange["link"] == "slave-master")
}

impl StockMaster {
    /// Serves the recorded batches, with `wasm` in place of the recorded module.
    pub(crate) fn start(wasm: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Mutex::new(Desk {
            batches: batches(address).collect(),
            wasm,
            seen: Vec::new(),
        }));
        let shared = Arc::clone(&desk);
        // Ends with the process of the test.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream.unwrap(), &shared));
            }
        });
        Self { address, desk }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.desk.lock().unwrap().seen.clone()
    }

    /// Hands out the first batch once more, as this master does when it had no result for a while.
    pub(crate) fn hand_out_again(&self) {
        let first = batches(self.address).next();
        self.desk.lock().unwrap().batches.extend(first);
    }
}

/// The recorded batches, with modules at `address`.
fn batches(address: SocketAddr) -> impl Iterator<Item = String> {
    let handed_out =
        recorded().filter(|exchange| exchange["path"] == "/get-batch" && exchange["status"] == 200);
    handed_out.map(move |exchange| {
        let batch = exchange["answer"].as_str().unwrap();
        batch.replace("127.0.0.1:25182", &address.to_string())
    })
}

/// Answers all requests of one connection.
fn serve(stream: &TcpStream, desk: &Mutex<Desk>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let mut desk = desk.lock().unwrap();
        let (status, body) = answer(&mut desk, &request);
        desk.seen.push(request);
        let head = format!(
            "HTTP/1.1 {status} \r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
             date: Sun, 22 Nov 2026 05:52:40 GMT\r\nserver: hypercorn-h11\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        // A slave that has gone needs no answer.
        let _ = stream.write_all(&[head.as_bytes(), &body].concat());
    }
}

fn answer(desk: &mut Desk, request: &Request) -> (u16, Vec<u8>) {
    match request.target.as_str() {
        "GET /get-batch" => match desk.batches.pop_front() {
            Some(batch) => (200, batch.into_bytes()),
            None => (404, b"No batches available".to_vec()),
        },
        "GET /wasm/knapsack/knapheudp.wasm" => (200, desk.wasm.clone()),
        target if target.starts_with("POST /submit-batch-result/") => (200, b"OK".to_vec()),
        _ => (404, b"404 Not Found".to_vec()),
    }
}

/// The next request; `None` if the slave has closed the connection.
fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let line = read_line(reader)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = std::iter::from_fn(|| read_line(reader))
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect();
    let mut request = Request {
        target: format!("{method} {path}"),
        query: query.to_owned(),
        headers,
        body: String::new(),
    };
    let length = request.header("content-length").unwrap_or("0");
    let mut body = reader.take(length.parse().unwrap());
    body.read_to_string(&mut request.body).ok()?;
    Some(request)
}

fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let length = reader.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}
