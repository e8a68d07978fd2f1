//! A client that costs little beside the program it measures: kept connections, requests that are made beforehand, one at a time
//! on each connection.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Result;

/// No answer takes longer, not even one that is held back.
const ANSWER_MAX: Duration = Duration::from_secs(90);

/// Most answers fit.
const BUFFER_BYTES: usize = 2_048;

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came of a request.
#[derive(Debug)]
pub struct Answered {
    /// Of HTTP.
    pub status: u16,
    /// As it came.
    pub body: Vec<u8>,
    /// From the first byte of the request to the last of the answer.
    pub time: Duration,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let buffer = Vec::new();
        Ok(Self { stream, buffer })
    }

    /// Sends a whole request and waits for its answer.
    ///
    /// # Errors
    /// The connection fails, or what comes is not an answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<Answered> {
        let start = Instant::now();
        self.stream.write_all(request).await?;
        let (status, body) = timeout(ANSWER_MAX, self.receive()).await??;
        let time = start.elapsed();
        let body = self.buffer[body].to_vec();
        // An idle connection keeps no memory: there may be many of them.
        self.buffer = Vec::new();
        Ok(Answered { status, body, time })
    }

    async fn receive(&mut self) -> Result<(u16, Range<usize>)> {
        self.buffer.reserve(BUFFER_BYTES);
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the program has closed a connection".into());
            }
            if let Some((status, body)) = parse(&self.buffer)?
                && body.end <= self.buffer.len()
            {
                return Ok((status, body));
            }
        }
    }
}

/// Status, and where the body is or will be; `None` while the head is not whole.
fn parse(bytes: &[u8]) -> Result<Option<(u16, Range<usize>)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&bytes[..end])?;
    let status = head.split(' ').nth(1).ok_or("an answer without a status")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim())
    });
    let length: usize = length.ok_or("an answer without a length")?.parse()?;
    Ok(Some((status.parse()?, end + 4..end + 4 + length)))
}

/// A query.
pub fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").into_bytes()
}

/// A JSON body, with a header of the caller's, such as `User-Agent: slave`.
pub fn post(header: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\nAccept: */*\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Some connections that ask at the same time.
#[derive(Debug)]
pub struct Crowd(Vec<Connection>);

impl Crowd {
    /// Connects so many times.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr, count: usize) -> Result<Self> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Connection::open(address).await?);
        }
        Ok(Self(connections))
    }

    /// Has each connection send its share of `requests`, one after the other. All must be answered 200.
    ///
    /// # Errors
    /// An answer of another status, or none.
    pub async fn ask(&mut self, requests: Vec<Vec<Vec<u8>>>) -> Result<Vec<Vec<Answered>>> {
        let mut tasks = JoinSet::new();
        for (place, (mut connection, share)) in self.0.drain(..).zip(requests).enumerate() {
            tasks.spawn(async move {
                let mut answers = Vec::with_capacity(share.len());
                for request in &share {
                    answers.push(
                        connection
                            .ask(request)
                            .await
                            .map_err(|error| error.to_string())?,
                    );
                }
                Ok::<_, String>((place, connection, answers))
            });
        }
        let mut done = Vec::new();
        for joined in tasks.join_all().await {
            done.push(joined?);
        }
        done.sort_by_key(|(place, ..)| *place);
        let mut answers = Vec::with_capacity(done.len());
        for (_, connection, answered) in done {
            if let Some(bad) = answered.iter().find(|answered| answered.status != 200) {
                let text = String::from_utf8_lossy(&bad.body);
                return Err(format!("answered {}: {text}", bad.status).into());
            }
            self.0.push(connection);
            answers.push(answered);
        }
        Ok(answers)
    }
}
