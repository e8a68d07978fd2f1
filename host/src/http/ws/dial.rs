//! Opens connections: name, TCP, TLS and handshake, within the time that the extension gives.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use tig_http_client::Trust;
use tig_plugin_api::{WsCloseClass, WsOpen};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{self, ClientConfig};

use super::ending::Ending;
use super::handshake::{self, Opened};
use super::request::Target;
use super::stream::Stream;
use super::tcp::TimedTcp;
use crate::runtime::clock::Clock;

/// Longest time to open a connection, whatever an extension asks for.
const CONNECT_TIMEOUT_MAX: Duration = Duration::from_secs(300);

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// Opens connections to peers that the host trusts.
#[derive(Debug)]
pub(super) struct Dialer {
    tls: Mutex<Arc<ClientConfig>>,
    clock: Clock,
}

impl Dialer {
    /// Trusts `trust`; times of connections are those of `clock`.
    #[must_use]
    pub(super) fn new(trust: &Trust, clock: Clock) -> Self {
        Self {
            tls: Mutex::new(trust.tls_config()),
            clock,
        }
    }

    /// Sets the trusted authorities of later connections.
    pub(super) fn set_trust(&self, trust: &Trust) {
        *self.tls.lock().unwrap_or_else(PoisonError::into_inner) = trust.tls_config();
    }

    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(super) async fn dial(&self, open: &WsOpen) -> Result<Opened, Ending> {
        let target = Target::new(open)
            .map_err(|error| Ending::new(WsCloseClass::Connect, error.to_string()))?;
        let wanted = Duration::from_millis(open.connect_ms);
        let deadline = Instant::now() + wanted.min(CONNECT_TIMEOUT_MAX);
        let mut step = "its name is looked up";
        let opened = timeout_at(deadline, self.open(target, deadline, &mut step)).await;
        opened.unwrap_or_else(|_| {
            let reason = format!("no connection after {} ms, while {step}", open.connect_ms);
            Err(Ending::new(WsCloseClass::Timeout, reason))
        })
    }

    async fn open(
        &self,
        target: Target,
        deadline: Instant,
        step: &mut &'static str,
    ) -> Result<Opened, Ending> {
        let addresses = look_up(&target.url).await?;
        *step = "the peer is connected";
        let tcp = connect(&addresses, deadline).await?;
        let tcp = TimedTcp::new(tcp, self.clock.clone());
        let stream = if target.is_tls() {
            *step = "TLS begins";
            self.begin_tls(&target.url, tcp).await?
        } else {
            Stream::Plain(tcp)
        };
        *step = "the peer answers the handshake";
        handshake::shake_hands(target, stream).await
    }

    async fn begin_tls(&self, url: &Url, tcp: TimedTcp) -> Result<Stream, Ending> {
        let config = Arc::clone(&self.tls.lock().unwrap_or_else(PoisonError::into_inner));
        let host = url.host_str().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = host.try_into().map_err(|_| {
            Ending::new(WsCloseClass::Connect, "the URL's host is not a valid name")
        })?;
        let connected = TlsConnector::from(config).connect(name, tcp).await;
        let tls = connected.map_err(|error| tls_ending(&error))?;
        Ok(Stream::Tls(Mutex::new(Box::new(tls))))
    }
}

async fn look_up(url: &Url) -> Result<Vec<SocketAddr>, Ending> {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or_default();
    let found = lookup_host((host, port)).await.map_err(|error| {
        Ending::new(
            WsCloseClass::Connect,
            format!("host {host:?} is not found: {error}"),
        )
    })?;
    Ok(found.take(ADDRESSES_MAX).collect())
}

/// Connects to the first address that answers. Each gets its part of the time that is left, so that one that does not
/// answer leaves time for the others.
async fn connect(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Ending> {
    let mut last = io::Error::other("its name has no address");
    for (index, address) in addresses.iter().enumerate() {
        let now = Instant::now();
        let left = deadline.saturating_duration_since(now);
        let share = left / u32::try_from(addresses.len() - index).unwrap_or(1);
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // Frames are whole when they are written: waiting for more only delays them.
                tcp.set_nodelay(true)
                    .map_err(|error| connect_ending(&error))?;
                return Ok(tcp);
            }
            Ok(Err(error)) => last = error,
            // The last address has all the time that is left, so the timeout of the whole ends it.
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(connect_ending(&last))
}

fn connect_ending(error: &io::Error) -> Ending {
    let class = match error.kind() {
        io::ErrorKind::TimedOut => WsCloseClass::Timeout,
        _ => WsCloseClass::Connect,
    };
    Ending::new(class, format!("cannot connect: {error}"))
}

fn tls_ending(error: &io::Error) -> Ending {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let reason = match cause {
        Some(rustls::Error::InvalidMessage(_)) => {
            "the peer does not speak TLS; a URL with ws:// needs none".to_owned()
        }
        Some(rustls::Error::InvalidCertificate(fault)) => format!(
            "the peer's certificate is not trusted: {fault}; tls.ca_file of the host's config may name its authority"
        ),
        _ => format!("no TLS connection: {error}"),
    };
    Ending::new(WsCloseClass::Tls, reason)
}
