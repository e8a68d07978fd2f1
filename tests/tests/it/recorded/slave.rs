//! The earlier Python slave, as it was recorded: the same requests, byte for byte but for the port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer that takes longer was held, which this slave does not know.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Its name, and so its `User-Agent`.
pub(super) const NAME: &str = "recslave";

/// Asks for a batch.
pub(super) fn get_batch(master: &str) -> (u16, String) {
    exchange(master, "GET /get-batch", "", "")
}

/// Posts a result to `path`.
pub(super) fn submit(master: &str, path: &str, body: &str) -> (u16, String) {
    let headers = format!(
        "Content-Length: {}\r\nContent-Type: application/json\r\n",
        body.len()
    );
    exchange(master, &format!("POST {path}"), &headers, body)
}

/// A connection for each request, head and body written apart.
fn exchange(master: &str, target: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(master).unwrap();
    stream.set_read_timeout(Some(ANSWER_MAX)).unwrap();
    let head = format!(
        "{target} HTTP/1.1\r\nHost: {master}\r\nUser-Agent: {NAME}\r\nAccept-Encoding: gzip, deflate\r\n\
         Accept: */*\r\nConnection: keep-alive\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    read_answer(&mut BufReader::new(stream))
}

fn read_answer(reader: &mut impl BufRead) -> (u16, String) {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_ascii_lowercase()
    };
    let status = line().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<String> = std::iter::from_fn(|| Some(line()))
        .take_while(|line| !line.is_empty())
        .collect();
    let length = headers
        .iter()
        .find_map(|header| header.strip_prefix("content-length: "));
    let length: u64 = length.expect("a length").parse().unwrap();
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body).unwrap();
    (status, body)
}
