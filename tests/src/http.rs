//! The least HTTP that talks to our own programs on loopback: one request per connection.
//!
//! HTTP/1.0, because then no answer comes in chunks.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::de::DeserializeOwned;

/// Time to connect, and to wait for each part of the answer: longer than a program on a busy machine takes.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Largest answer.
const ANSWER_BYTES_MAX: u64 = 16 << 20;

/// An answer of any status.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: String,
}

/// No answer, or not the one wanted.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is not `IP:PORT`.
    #[error("{0} is not an address")]
    Address(String),
    /// Nobody there, or the connection broke.
    #[error("no answer")]
    Io(#[from] io::Error),
    /// The answer is not HTTP.
    #[error("the answer is not HTTP")]
    Malformed,
    /// Another status than 200.
    #[error("status {}: {}", .0.status, .0.body)]
    Status(Answer),
    /// The body is something else.
    #[error("the answer has another shape")]
    Json(#[from] serde_json::Error),
}

impl Answer {
    /// Decodes the body of a 200.
    ///
    /// # Errors
    /// Another status, or another shape.
    pub fn json<T: DeserializeOwned>(self) -> Result<T, HttpError> {
        if self.status != 200 {
            return Err(HttpError::Status(self));
        }
        Ok(serde_json::from_str(&self.body)?)
    }
}

/// `GET http://<address><path>`.
///
/// # Errors
/// No answer.
pub fn get(address: &str, path: &str) -> Result<Answer, HttpError> {
    request(address, "GET", path, &[], &[])
}

/// `POST http://<address><path>` with a JSON body, or one that should have been JSON.
///
/// # Errors
/// No answer.
pub fn post(address: &str, path: &str, body: &[u8]) -> Result<Answer, HttpError> {
    request(address, "POST", path, &[], body)
}

/// A request with these headers besides those that every request has; `Host` and `User-Agent` take the place of theirs.
///
/// # Errors
/// No answer.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, HttpError> {
    let socket: SocketAddr = address
        .parse()
        .map_err(|_| HttpError::Address(address.to_owned()))?;
    let mut stream = TcpStream::connect_timeout(&socket, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut head = format!(
        "{method} {path} HTTP/1.0\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    let is_given = |name: &str| headers.iter().any(|(given, _)| *given == name);
    let usual = [("Host", address), ("User-Agent", "system-test")];
    let usual = usual.iter().filter(|(name, _)| !is_given(name));
    for (name, value) in usual.chain(headers) {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or(HttpError::Malformed)
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_status_and_body() {
        let answer = parse("HTTP/1.0 404 Not Found\r\ncontent-length: 4\r\n\r\nnone").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (404, "none"));
        assert_eq!(parse("SSH-2.0-OpenSSH"), None);
    }

    #[test]
    fn only_a_200_is_decoded() {
        let answer = |status, body: &str| Answer {
            status,
            body: body.to_owned(),
        };
        assert_eq!(answer(200, "[1]").json::<Vec<u8>>().unwrap(), [1]);
        assert!(matches!(
            answer(500, "[1]").json::<Vec<u8>>(),
            Err(HttpError::Status(_))
        ));
        assert!(matches!(
            answer(200, "{").json::<Vec<u8>>(),
            Err(HttpError::Json(_))
        ));
    }
}
