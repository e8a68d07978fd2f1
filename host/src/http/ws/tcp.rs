//! A TCP connection that knows when its bytes came. The kernel notes that time, so what a peer is said to have taken does not
//! depend on when a thread of this process had a processor to read them.

use std::cell::RefCell;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::cmsg_space;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::runtime::clock::Clock;

thread_local! {
    /// Room for the time that comes with the bytes.
    static CONTROL: RefCell<Vec<u8>> = RefCell::new(cmsg_space!(TimeSpec));
}

/// The system's clock can be set, which moves it against the host's by at least so much, in microseconds.
const SET_US_MIN: u64 = 1_000;

/// A TCP connection, read by one task at a time.
#[derive(Debug)]
pub(super) struct TimedTcp {
    tcp: TcpStream,
    clock: Clock,
    /// When the kernel had the last of the bytes that were read, in Unix microseconds of the host's clock.
    arrived_us: AtomicU64,
    /// A moment before the bytes came that are not read yet, by both clocks.
    emptied_us: AtomicU64,
    emptied_system_us: AtomicU64,
}

/// A moment by the system's clock and by the host's, in Unix microseconds.
#[derive(Clone, Copy, Debug)]
struct Moment {
    system_us: u64,
    own_us: u64,
}

impl Moment {
    fn now(clock: &Clock) -> Self {
        // In this order: if the thread loses its processor in between, bytes seem to have come later, and no answer can be older
        // than what it answers.
        let system_us = unix_us(SystemTime::now());
        let own_us = clock.now_us();
        Self { system_us, own_us }
    }

    /// Whether the system's clock was set between two moments.
    fn is_set_since(self, earlier: Self) -> bool {
        let system_us = self.system_us.checked_sub(earlier.system_us);
        let own_us = self.own_us.saturating_sub(earlier.own_us);
        system_us.is_none_or(|passed_us| passed_us.abs_diff(own_us) >= SET_US_MIN)
    }

    /// When something came that the system has noted, by the host's clock; now if the system's clock says nothing about it.
    fn arrival_us(self, came_us: Option<u64>, emptied: Self) -> u64 {
        let age_us = match came_us {
            Some(came_us) if !self.is_set_since(emptied) => self.system_us.saturating_sub(came_us),
            _ => 0,
        };
        let arrived_us = self.own_us.saturating_sub(age_us);
        arrived_us.max(emptied.own_us).min(self.own_us)
    }
}

impl TimedTcp {
    /// Asks the kernel for times from now on.
    #[must_use]
    pub(super) fn new(tcp: TcpStream, clock: Clock) -> Self {
        // A system that does not know them gives none, and bytes count as come when they are read.
        let _ = setsockopt(&tcp, ReceiveTimestampns, &true);
        let now = Moment::now(&clock);
        Self {
            tcp,
            clock,
            arrived_us: now.own_us.into(),
            emptied_us: now.own_us.into(),
            emptied_system_us: now.system_us.into(),
        }
    }

    /// The connection itself.
    #[must_use]
    pub(super) fn get_ref(&self) -> &TcpStream {
        &self.tcp
    }

    /// When the bytes that were read last came, in Unix microseconds of the host's clock. Never goes back.
    #[must_use]
    pub(super) fn arrived_us(&self) -> u64 {
        self.arrived_us.load(Ordering::Relaxed)
    }

    /// Reads; no bytes at the end.
    pub(super) fn poll_read(
        &self,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.tcp.poll_read_ready(context))?;
            match self.read(bytes.initialize_unfilled()) {
                Ok(count) => {
                    bytes.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Writes some of `bytes`.
    pub(super) fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.tcp.poll_write_ready(context))?;
            match self.tcp.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        // Before the system is asked: what comes while it is asked may be left for the next time.
        let asked = Moment::now(&self.clock);
        let read = self
            .tcp
            .try_io(Interest::READABLE, || receive(&self.tcp, bytes));
        if matches!(&read, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.emptied_us.store(asked.own_us, Ordering::Relaxed);
            self.emptied_system_us
                .store(asked.system_us, Ordering::Relaxed);
        }
        let (count, came_us) = read?;
        let emptied = Moment {
            system_us: self.emptied_system_us.load(Ordering::Relaxed),
            own_us: self.emptied_us.load(Ordering::Relaxed),
        };
        let arrived_us = Moment::now(&self.clock).arrival_us(came_us, emptied);
        // Bytes come in their order.
        self.arrived_us.fetch_max(arrived_us, Ordering::Relaxed);
        Ok(count)
    }
}

/// Microseconds since 1970; 0 before.
fn unix_us(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// Reads once: the number of bytes, and when the kernel had the last of them by the system's clock, if it says so.
fn receive(tcp: &TcpStream, bytes: &mut [u8]) -> io::Result<(usize, Option<u64>)> {
    CONTROL.with_borrow_mut(|control| {
        let mut parts = [IoSliceMut::new(bytes)];
        let flags = MsgFlags::empty();
        let message = recvmsg::<()>(tcp.as_raw_fd(), &mut parts, Some(control), flags)?;
        // Without times where they are cut off.
        let mut notes = message.cmsgs().into_iter().flatten();
        let came = notes.find_map(|note| match note {
            ControlMessageOwned::ScmTimestampns(time) => {
                let since = Duration::from(time).as_micros();
                // The part of a microsecond counts as a whole one, for the same reason as the order of the clocks.
                Some(u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1))
            }
            _ => None,
        });
        Ok((message.bytes, came))
    })
}

/// For TLS, which reads and writes through it.
impl AsyncRead for TimedTcp {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Self::poll_read(&self, context, bytes)
    }
}

impl AsyncWrite for TimedTcp {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Self::poll_write(&self, context, bytes)
    }

    /// TLS writes its records in several parts; one by one they would go out in a packet each.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

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
    use std::io::Write as _;
    use std::thread::sleep;

    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpListener;

    use super::*;

    /// Time from when bytes are there to when they are read.
    const DELAY: Duration = Duration::from_millis(20);
    /// The kernel begins to note times a moment after it was asked to.
    const TRIES_MAX: usize = 100;

    /// A moment at which the system's clock is a second ahead of the host's, and `set_us` more.
    fn moment(own_us: u64, set_us: i64) -> Moment {
        Moment {
            system_us: (own_us + 1_000_000).saturating_add_signed(set_us),
            own_us,
        }
    }

    #[test]
    fn time_of_arrival_is_that_of_the_kernel() {
        let (emptied, now) = (moment(5_000_000, 0), moment(9_000_000, 0));
        let arrival_us = |came_us| now.arrival_us(came_us, emptied);
        assert_eq!(arrival_us(Some(8_500_000)), 7_500_000);
        assert_eq!(arrival_us(None), 9_000_000);
        // Neither before the connection was empty, nor after now.
        assert_eq!(arrival_us(Some(1_000_000)), 5_000_000);
        assert_eq!(arrival_us(Some(10_500_000)), 9_000_000);
    }

    /// An answer must not seem older than what it answers.
    #[test]
    fn time_of_a_clock_that_was_set_does_not_count() {
        let emptied = moment(5_000_000, 0);
        for set_us in [-9_000_000, -2_000, 2_000, 3_600_000_000] {
            let now = moment(9_000_000, set_us);
            assert_eq!(now.arrival_us(Some(8_500_000), emptied), 9_000_000);
        }
        let now = moment(9_000_000, 500);
        let arrived_us = now.arrival_us(Some(8_500_500), emptied);
        assert_eq!(arrived_us, 7_500_000, "clocks are read one after the other");
    }

    /// A connection with its peer.
    async fn connect(clock: &Clock) -> (TimedTcp, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = std::net::TcpStream::connect(address).unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        (TimedTcp::new(tcp, clock.clone()), peer)
    }

    #[tokio::test]
    async fn parts_of_a_tls_record_go_out_at_once() {
        let (mut tcp, _peer) = connect(&Clock::start()).await;
        let parts = [&b"header"[..], b"payload"].map(IoSlice::new);
        assert!(tcp.is_write_vectored());
        assert_eq!(tcp.write_vectored(&parts).await.unwrap(), 6 + 7);
    }

    #[tokio::test]
    async fn bytes_that_wait_have_come_before_they_are_read() {
        let clock = Clock::start();
        let (tcp, mut peer) = connect(&clock).await;
        let mut is_noted = false;
        for _ in 0..TRIES_MAX {
            let sent_us = clock.now_us();
            peer.write_all(b"x").unwrap();
            tcp.get_ref().peek(&mut [0]).await.unwrap();
            let there_us = clock.now_us();
            sleep(DELAY);
            let mut space = [0; 8];
            let mut bytes = ReadBuf::new(&mut space);
            let read = poll_fn(|context| tcp.poll_read(context, &mut bytes));
            read.await.unwrap();
            assert_eq!(bytes.filled(), b"x");
            let came_us = tcp.arrived_us();
            let earliest_us = sent_us.saturating_sub(1_000);
            assert!((earliest_us..=clock.now_us()).contains(&came_us));
            is_noted = came_us < there_us + 1_000;
            if is_noted {
                break;
            }
        }
        assert!(is_noted, "bytes count as come when they are read");
    }
}
