//! A server that answers each request alike.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use tig_bench_report::Result;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"state\":\"ok\",\"height\":100}";

/// Starts it; it lasts as long as this process.
pub(crate) fn serve() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection that fails is opened again by the client.
            thread::spawn(move || answer(&stream));
        }
    });
    Ok(address)
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    // An empty line ends a request without a body.
    for line in BufReader::new(stream).lines() {
        if line?.is_empty() {
            stream.write_all(ANSWER.as_bytes())?;
        }
    }
    Ok(())
}
