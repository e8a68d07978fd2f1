//! The miners that the variables name: those of the debug commands (sections 1.3 and 10.12), and the trusted one.

use std::net::{IpAddr, Ipv6Addr};

use horde_events::MinerAddress;

use crate::environment::Environment;
use crate::settings::{self, SettingsError};

/// Miners that one debug batch may have.
const MINERS_MAX: u64 = 1000;

/// Beginning of the hotkey that is replaced for all miners but the first.
const HOTKEY_HEAD: usize = 6;

/// Port of the trusted miner, if nothing else is said.
const TRUSTED_PORT_DEFAULT: u16 = 8000;

/// Why there are no miners.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum MinersError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The ports of so many miners do not exist.
    #[error(
        "{count} miners from port {port} on need ports above 65535; lower DEBUG_MINER_COUNT or DEBUG_MINER_PORT"
    )]
    Ports {
        /// First port.
        port: u64,
        /// Number of miners.
        count: u64,
    },
}

/// The miners that the variables `DEBUG_MINER_…` name: `DEBUG_MINER_COUNT` of them on ports that follow each other. All
/// but the first have made-up hotkeys, as in the earlier validator.
///
/// # Errors
///
/// See [`MinersError`].
pub(crate) fn from_environment(
    environment: &Environment,
) -> Result<Vec<MinerAddress>, MinersError> {
    let (key, address, port) = ("DEBUG_MINER_KEY", "DEBUG_MINER_ADDRESS", "DEBUG_MINER_PORT");
    settings::require(environment, &[key, address, port])?;
    let hotkey = environment.get(key).unwrap_or_default();
    let host = environment.get(address).unwrap_or_default();
    let ports = (1, u64::from(u16::MAX));
    let port = settings::number(environment, port, ports)?.unwrap_or_default();
    let count = settings::number(environment, "DEBUG_MINER_COUNT", (1, MINERS_MAX))?;
    let count = count.unwrap_or(1);
    let too_many = || MinersError::Ports { port, count };
    (0..count)
        .map(|index| {
            Ok(MinerAddress {
                hotkey: hotkey_of(&hotkey, index),
                host: host.clone(),
                port: u16::try_from(port + index).map_err(|_| too_many())?,
            })
        })
        .collect()
}

/// The trusted miner, if the variables name one. Its hotkey may be empty: a miner in local mode does not look at it.
///
/// # Errors
///
/// See [`SettingsError`].
pub(crate) fn trusted(environment: &Environment) -> Result<Option<MinerAddress>, SettingsError> {
    let port = trusted_port(environment)?;
    let host = environment.get("TRUSTED_MINER_ADDRESS");
    Ok(host.map(|host| MinerAddress {
        hotkey: environment.get("TRUSTED_MINER_KEY").unwrap_or_default(),
        host,
        port,
    }))
}

/// Port of the trusted miner.
///
/// # Errors
///
/// See [`SettingsError`].
pub(crate) fn trusted_port(environment: &Environment) -> Result<u16, SettingsError> {
    let port = settings::number(environment, "TRUSTED_MINER_PORT", (1, u16::MAX.into()))?;
    let port = port.and_then(|port| u16::try_from(port).ok());
    Ok(port.unwrap_or(TRUSTED_PORT_DEFAULT))
}

fn hotkey_of(first: &str, index: u64) -> String {
    if index == 0 {
        return first.to_owned();
    }
    let rest: String = first.chars().skip(HOTKEY_HEAD).collect();
    format!("5u{index:03}u{rest}")
}

/// Whether a host is an address of this machine or of a private network, which a validator of a public network refuses.
pub(crate) fn is_private(host: &str) -> bool {
    let is_local_v6 = |address: Ipv6Addr| {
        address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
    };
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => is_local_v6(address),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn miners(text: &str) -> Result<Vec<MinerAddress>, MinersError> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), text).unwrap();
        let environment = Environment::load(folder.path(), |_| None).unwrap();
        from_environment(&environment)
    }

    const KEY: &str = "5F6ee7zfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht";

    #[test]
    fn count_gives_ports_and_hotkeys_in_a_row() {
        let text = format!(
            "DEBUG_MINER_KEY={KEY}\nDEBUG_MINER_ADDRESS=127.0.0.1\nDEBUG_MINER_PORT=8000\nDEBUG_MINER_COUNT=3"
        );
        let miners = miners(&text).unwrap();
        let ports: Vec<u16> = miners.iter().map(|miner| miner.port).collect();
        assert_eq!(ports, [8000, 8001, 8002]);
        assert_eq!(miners[0].hotkey, KEY);
        assert_eq!(
            miners[2].hotkey,
            "5u002uzfqr6EX7X7ZTQLRWtVsr3stUXhC6tkZZKLhKj8V2Ht"
        );
    }

    #[test]
    fn key_alone_is_an_error_that_names_the_rest() {
        let error = miners(&format!("DEBUG_MINER_KEY={KEY}")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "DEBUG_MINER_ADDRESS, DEBUG_MINER_PORT are missing: set them in .env or in the environment"
        );
    }

    #[test]
    fn ports_beyond_the_last_are_refused() {
        let text = |port: &str, count: &str| {
            format!(
                "DEBUG_MINER_KEY={KEY}\nDEBUG_MINER_ADDRESS=a\nDEBUG_MINER_PORT={port}\nDEBUG_MINER_COUNT={count}"
            )
        };
        let error = miners(&text("65535", "2")).unwrap_err();
        assert!(matches!(error, MinersError::Ports { .. }), "{error}");
        let error = miners(&text("0", "1")).unwrap_err();
        assert!(matches!(error, MinersError::Settings(_)), "{error}");
    }

    #[test]
    fn private_addresses_are_recognised() {
        for host in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "::1",
            "fd00::1",
            "localhost",
        ] {
            assert!(is_private(host), "{host}");
        }
        for host in ["8.8.8.8", "2001:db8::1", "miner.example"] {
            assert!(!is_private(host), "{host}");
        }
    }
}
