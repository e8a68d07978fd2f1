//! Ports of loopback.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use super::start_error::StartError;
use crate::server::listen;

/// Attempts to find free ports in a row.
const PORT_ATTEMPTS: usize = 32;

/// Ports below those that systems give to connections: where many have ended lately, hardly any ports in a row are free among those.
const LOW_PORT_FIRST: u16 = 10_240;
const LOW_PORTS_COUNT: u16 = 22_528;

/// Listens on ports in a row; returns the first.
pub(super) async fn miner_listeners(
    first_port: u16,
    count: usize,
) -> Result<(u16, Vec<TcpListener>), StartError> {
    if first_port > 0 {
        return Ok((first_port, listeners_from(first_port, count).await?));
    }
    for _ in 0..PORT_ATTEMPTS {
        let first = loopback(0).await?;
        let port = local_address(&first, 0)?.port();
        drop(first);
        for port in [port, low_port(port)] {
            if usize::from(port) + count > usize::from(u16::MAX) + 1 {
                continue;
            }
            if let Ok(listeners) = listeners_from(port, count).await {
                return Ok((port, listeners));
            }
        }
    }
    Err(StartError::NoPorts { count })
}

/// One of the low ports, another one for most ports: the system draws those.
fn low_port(port: u16) -> u16 {
    LOW_PORT_FIRST + port % LOW_PORTS_COUNT
}

async fn listeners_from(first_port: u16, count: usize) -> Result<Vec<TcpListener>, StartError> {
    let mut listeners = Vec::with_capacity(count);
    for port in (first_port..=u16::MAX).take(count) {
        listeners.push(loopback(port).await?);
    }
    Ok(listeners)
}

pub(super) async fn loopback(port: u16) -> Result<TcpListener, StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listening = listen(address).await;
    listening.map_err(|source| StartError::Listen { address, source })
}

pub(super) fn local_address(listener: &TcpListener, port: u16) -> Result<SocketAddr, StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let local = listener.local_addr();
    local.map_err(|source| StartError::Listen { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_ports_are_not_given_to_connections() {
        for port in [0, 1, LOW_PORTS_COUNT - 1, LOW_PORTS_COUNT, u16::MAX] {
            let low = low_port(port);
            assert!((LOW_PORT_FIRST..32_768).contains(&low), "{port}: {low}");
        }
    }
}
