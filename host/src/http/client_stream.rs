//! The connection to a client of the listener.
//!
//! Invariant: a client that takes nothing of a response for a bounded time loses its connection. A write that does not wait
//! costs no timer and no lock.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::http::alarm::Alarm;

/// A connection whose client takes nothing of a response for so long is ended.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// The socket of a connection. Under TLS, not above it: what TLS keeps in its own buffer has not reached the client.
#[derive(Debug)]
pub(crate) struct ClientStream {
    tcp: TcpStream,
    /// The timer of the connection.
    alarm: Alarm,
    write_timeout: Duration,
    /// End of the patience with a client that takes nothing; `None` if no write waits.
    stalled_until: Option<Instant>,
}

impl ClientStream {
    /// The connection `tcp`, whose writes wait for at most `write_timeout`.
    #[must_use]
    pub(crate) fn new(tcp: TcpStream, write_timeout: Duration) -> Self {
        Self {
            tcp,
            alarm: Alarm::new(),
            write_timeout,
            stalled_until: None,
        }
    }

    /// The timer of the connection.
    #[must_use]
    pub(crate) fn alarm(&self) -> Alarm {
        self.alarm.clone()
    }

    /// Ends a write that waits for too long.
    fn see_written(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled_until = None;
            return written;
        }
        let limit = self.write_timeout;
        let stalled_until = *self
            .stalled_until
            .get_or_insert_with(|| Instant::now() + limit);
        ready!(self.alarm.poll_until(stalled_until, context));
        let text = format!("the client has read nothing for {} s", limit.as_secs());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.see_written(written, context)
    }

    /// TLS writes its records in several parts.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, parts);
        self.see_written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    /// The system's buffer needs no flush.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Writes until the system takes no more.
    async fn fill(stream: &mut ClientStream) {
        let bytes = [0; 64 << 10];
        let step = |context: &mut Context<'_>| {
            while Pin::new(&mut *stream)
                .poll_write(context, &bytes)
                .is_ready()
            {}
            Poll::Ready(())
        };
        poll_fn(step).await;
    }

    #[tokio::test]
    async fn each_wait_for_a_client_has_its_own_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = ClientStream::new(tcp, WRITE_TIMEOUT);
        fill(&mut stream).await;
        let first = stream.stalled_until;
        assert!(first.is_some());
        let read = async { while client.read(&mut vec![0; 1 << 20]).await.is_ok() {} };
        tokio::select! {
            () = read => panic!("the connection has ended"),
            written = stream.write(&[0]) => assert_eq!(written.unwrap(), 1),
        }
        assert_eq!(stream.stalled_until, None);
        fill(&mut stream).await;
        assert!(stream.stalled_until > first);
    }
}
