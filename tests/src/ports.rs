//! Ports of servers whose address is known before they start, or that start again at the address that they had.
//!
//! Invariant: while a process lives, its ports are given to no other process of these tests, also while nothing listens on them.

use std::net::TcpListener;
use std::ops::Range;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

/// Below those that the system gives to programs that let it choose one and to connections (`ip_local_port_range`), and those that
/// `horde-devnet` draws, from 10,240 on.
const PORTS: Range<u16> = 6_000..10_000;
/// Ports that are tried.
const PORTS_COUNT_MAX: usize = 100;

/// A port of loopback that stays this process's own until it ends.
///
/// # Panics
/// Hardly any port is free.
#[must_use]
pub fn own_port() -> u16 {
    let mut tried = (0..PORTS_COUNT_MAX).map(|_| fastrand::u16(PORTS));
    tried.find(|port| reserve(*port)).expect("a free port")
}

/// Whether the port is now this process's own: it was neither in use nor another process's own.
fn reserve(port: u16) -> bool {
    // The name of a socket stands for the port: it belongs to one process at a time, of any user, and is gone with it.
    let name = SocketAddr::from_abstract_name(format!("tig-system-tests-port-{port}"));
    let Ok(reserved) = name.and_then(|name| UnixListener::bind_addr(&name)) else {
        return false;
    };
    let is_free = TcpListener::bind(("127.0.0.1", port)).is_ok();
    if is_free {
        std::mem::forget(reserved);
    }
    is_free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_port_without_listener_is_not_given_again() {
        let port = own_port();
        assert!(!reserve(port));
        TcpListener::bind(("127.0.0.1", port)).unwrap();
    }

    #[test]
    fn port_in_use_is_not_given() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!reserve(port));
    }
}
