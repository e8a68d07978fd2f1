//! The limit of polls: hyper alone, which answers every request with one constant, on one thread.

use std::convert::Infallible;
use std::io::{self, Write};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Response, server};
use hyper_util::rt::TokioIo;
use tig_bench_report::Result;
use tokio::net::TcpListener;

/// Argument of this program that makes it such a server.
pub(crate) const ARGUMENT: &str = "--bare-server";

/// Bytes of a batch's JSON, about.
const ANSWER_BYTES: usize = 600;

/// Serves until the process ends.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        writeln!(
            io::stdout(),
            "listening on http://{}",
            listener.local_addr()?
        )?;
        let answer = Bytes::from(vec![b' '; ANSWER_BYTES]);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(move |_| {
                    let mut response = Response::new(Full::new(answer.clone()));
                    let json = HeaderValue::from_static("application/json");
                    response.headers_mut().insert(CONTENT_TYPE, json);
                    async { Ok::<_, Infallible>(response) }
                });
                // A client that goes away ends its connection, which is what this is for.
                let _ = server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}
