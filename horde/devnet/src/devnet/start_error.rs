//! Why a network is not started.

use std::io;
use std::net::SocketAddr;

use crate::chain::ChainConfigError;
use crate::config::{EXECUTORS_COUNT_MAX, MINERS_COUNT_MAX};
use crate::control::UnknownMiner;

/// Why a network cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Too few or too many miners.
    #[error("{count} miners are asked for; a network has 1 to {MINERS_COUNT_MAX}")]
    Miners {
        /// How many.
        count: usize,
    },
    /// Too many executors.
    #[error(
        "{count} executors are asked for; a class of a miner has at most {EXECUTORS_COUNT_MAX}"
    )]
    Executors {
        /// How many.
        count: u32,
    },
    /// The last ports would be past 65535.
    #[error(
        "{count} miners from port {first} on do not fit below port 65536; begin with a lower port"
    )]
    Ports {
        /// The first port.
        first: u16,
        /// How many miners.
        count: usize,
    },
    /// A vice is for a miner that there is not.
    #[error("vices are given to a miner that there is not")]
    Vices(#[source] UnknownMiner),
    /// The validator of the trusted miner is not an address.
    #[error("the trusted miner is for {text:?}, which is not the SS58 address of a validator")]
    Validator {
        /// What it is.
        text: String,
    },
    /// The config of the chain has a fault.
    #[error("the chain cannot be started")]
    Chain(#[source] ChainConfigError),
    /// A port is not free.
    #[error("cannot listen on {address}; name other ports, or 0 for free ones")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// No free ports were found.
    #[error("found no {count} free ports in a row; name the first one")]
    NoPorts {
        /// How many miners.
        count: usize,
    },
}
