//! Which addresses are connected to. They come from the chain, where anybody can enter any.

use std::net::IpAddr;

use crate::MinerAddress;

/// Longest name of a host, in bytes (RFC 1035).
const HOST_BYTES_MAX: usize = 253;
/// Longest hotkey that is taken, in bytes; an SS58 address has 48.
const HOTKEY_BYTES_MAX: usize = 128;

/// Why an address is not connected to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AddressError {
    /// Port 0, on which nothing listens.
    #[error(
        "port 0 is not a port to connect to: the miner serves nothing, or its port is not configured"
    )]
    Port,
    /// `0.0.0.0` or `::`.
    #[error(
        "the unspecified address is not one to connect to: the miner serves nothing, or its address is not configured"
    )]
    Unspecified,
    /// Multicast or broadcast.
    #[error("the address is not one of a single machine")]
    NotSingle,
    /// A private network, this machine, or a link.
    #[error(
        "the address is of a private network or of this machine; `allow_private` of the config section permits it"
    )]
    Private,
    /// Not an IP address.
    #[error(
        "a name can lead to a private network, so it needs `allow_private` of the config section"
    )]
    Name,
    /// Neither an IP address nor a name.
    #[error("the host is neither an IP address nor a name")]
    Malformed,
    /// The hotkey cannot be part of a URL, a tag and a key.
    #[error("the hotkey is not one: at most 128 letters and digits")]
    Hotkey,
}

/// Checks an address; the host and port as they stand in a URL.
///
/// # Errors
///
/// See [`AddressError`].
pub fn authority(address: &MinerAddress, allow_private: bool) -> Result<String, AddressError> {
    let hotkey = address.hotkey.as_bytes();
    // Empty for the validator's own miner.
    if hotkey.len() > HOTKEY_BYTES_MAX || !hotkey.iter().all(u8::is_ascii_alphanumeric) {
        return Err(AddressError::Hotkey);
    }
    if address.port == 0 {
        return Err(AddressError::Port);
    }
    let (host, port) = (address.host.as_str(), address.port);
    let Some(ip) = parse_ip(host) else {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.bytes().all(is_plain) {
            return Err(AddressError::Malformed);
        }
        return match allow_private {
            true => Ok(format!("{host}:{port}")),
            false => Err(AddressError::Name),
        };
    };
    let ip = ip.to_canonical();
    if ip.is_unspecified() {
        Err(AddressError::Unspecified)
    } else if ip.is_multicast() || matches!(ip, IpAddr::V4(ip) if ip.is_broadcast()) {
        Err(AddressError::NotSingle)
    } else if is_private(ip) && !allow_private {
        Err(AddressError::Private)
    } else {
        Ok(match ip {
            IpAddr::V4(ip) => format!("{ip}:{port}"),
            IpAddr::V6(ip) => format!("[{ip}]:{port}"),
        })
    }
}

/// An IP address; one of version 6 may stand in brackets, as in a URL.
fn parse_ip(host: &str) -> Option<IpAddr> {
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match inside {
        Some(inside) => inside.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && (64..128).contains(&second);
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || is_shared || first == 0
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, port: u16, allow_private: bool) -> Result<String, AddressError> {
        let (hotkey, host) = ("5F6e".to_owned(), host.to_owned());
        let address = MinerAddress { hotkey, host, port };
        authority(&address, allow_private)
    }

    #[test]
    fn public_addresses_become_authorities() {
        for (host, expected) in [
            ("8.8.8.8", "8.8.8.8:1"),
            ("2a00::1", "[2a00::1]:1"),
            ("[2a00::1]", "[2a00::1]:1"),
            ("::ffff:8.8.8.8", "8.8.8.8:1"),
        ] {
            assert_eq!(check(host, 1, false).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn private_addresses_need_permission() {
        for host in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.1.2.3",
            "::1",
            "fd00::1",
            "fe80::1",
            "[::1]",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(check(host, 1, false), Err(AddressError::Private), "{host}");
            assert!(check(host, 1, true).is_ok(), "{host}");
        }
        for host in ["localhost", "127.1", "2130706433", "0x7f.1"] {
            assert_eq!(check(host, 1, false), Err(AddressError::Name), "{host}");
            assert!(check(host, 1, true).is_ok(), "{host}");
        }
    }

    #[test]
    fn useless_addresses_are_refused_in_any_case() {
        for (host, port, expected) in [
            ("0.0.0.0", 1, AddressError::Unspecified),
            ("::", 1, AddressError::Unspecified),
            ("8.8.8.8", 0, AddressError::Port),
            ("224.0.0.1", 1, AddressError::NotSingle),
            ("255.255.255.255", 1, AddressError::NotSingle),
            ("ff02::1", 1, AddressError::NotSingle),
            ("", 1, AddressError::Malformed),
            ("a/b", 1, AddressError::Malformed),
            ("user@host", 1, AddressError::Malformed),
            ("[::1", 1, AddressError::Malformed),
            ("[127.0.0.1]", 1, AddressError::Malformed),
        ] {
            assert_eq!(check(host, port, true), Err(expected), "{host}");
        }
    }

    #[test]
    fn hotkey_must_fit_into_a_url() {
        for hotkey in ["a/b", "../..", "a b", &"a".repeat(129)] {
            let hotkey = hotkey.to_owned();
            let host = "8.8.8.8".to_owned();
            let address = MinerAddress {
                hotkey,
                host,
                port: 1,
            };
            assert_eq!(authority(&address, true), Err(AddressError::Hotkey));
        }
    }
}
