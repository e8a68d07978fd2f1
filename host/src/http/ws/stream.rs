//! The bytes of a connection, with TLS or without, readable and writable by two threads at once.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::tcp::TimedTcp;

/// The bytes of a connection.
#[derive(Debug)]
pub(super) enum Stream {
    /// Without TLS: the kernel lets one thread read and another write.
    Plain(TimedTcp),
    /// With TLS, whose state both need.
    Tls(Mutex<Box<TlsStream<TimedTcp>>>),
}

impl Stream {
    /// Reads; no bytes at the end.
    pub(super) fn poll_read(
        &self,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => tcp.poll_read(context, bytes),
            Self::Tls(tls) => Pin::new(&mut **lock(tls)).poll_read(context, bytes),
        }
    }

    /// When the bytes came that were read last, in Unix microseconds of the host's clock.
    #[must_use]
    pub(super) fn arrived_us(&self) -> u64 {
        match self {
            Self::Plain(tcp) => tcp.arrived_us(),
            Self::Tls(tls) => lock(tls).get_ref().0.arrived_us(),
        }
    }

    /// Writes some of `bytes`, of which TLS may keep a part until [`Stream::poll_flush`].
    pub(super) fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => tcp.poll_write(context, bytes),
            Self::Tls(tls) => Pin::new(&mut **lock(tls)).poll_write(context, bytes),
        }
    }

    /// Completes when the kernel has all bytes.
    pub(super) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(tls) => Pin::new(&mut **lock(tls)).poll_flush(context),
        }
    }

    /// Whether written bytes are with the kernel at once.
    #[must_use]
    pub(super) fn is_direct(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Ends the direction to the peer.
    pub(super) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(tcp) => {
                // Tokio wants the whole stream for this; a second name of the socket does as well.
                let socket = tcp
                    .get_ref()
                    .as_fd()
                    .try_clone_to_owned()
                    .map(std::net::TcpStream::from);
                Poll::Ready(socket.and_then(|socket| socket.shutdown(Shutdown::Write)))
            }
            Self::Tls(tls) => Pin::new(&mut **lock(tls)).poll_shutdown(context),
        }
    }
}

/// A panic of the TLS library ends its connection only: what it leaves fails at the next use.
fn lock(tls: &Mutex<Box<TlsStream<TimedTcp>>>) -> MutexGuard<'_, Box<TlsStream<TimedTcp>>> {
    tls.lock().unwrap_or_else(PoisonError::into_inner)
}
