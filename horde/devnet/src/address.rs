//! Hotkeys and addresses of the miners, which the seed of a network decides.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use tig_keyring::{Keypair, SEED_BYTES};

/// Separate these keys from others that are made of the same numbers.
const CONTEXT: &[u8; 16] = b"horde-devnet key";
const TRUSTED_CONTEXT: &[u8; 16] = b"horde-devnet tru";

/// Where a miner is, and who it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinerAddress {
    /// The number of the miner, from 0.
    pub index: usize,
    /// The SS58 address of its hotkey.
    pub hotkey: String,
    /// Address of its websocket and of its receipts.
    pub address: SocketAddr,
}

/// The hotkey of a miner. A network with the same seed has the same hotkeys, and everybody can calculate them.
pub fn miner_keypair(seed: u64, index: usize) -> Keypair {
    keypair(CONTEXT, seed, index)
}

/// The hotkey of the trusted miner of a network.
pub fn trusted_keypair(seed: u64) -> Keypair {
    keypair(TRUSTED_CONTEXT, seed, 0)
}

fn keypair(context: &[u8; 16], seed: u64, index: usize) -> Keypair {
    let mut bytes = [0; SEED_BYTES];
    let (head, numbers) = bytes.split_at_mut(context.len());
    let (seed_bytes, index_bytes) = numbers.split_at_mut(size_of::<u64>());
    head.copy_from_slice(context);
    seed_bytes.copy_from_slice(&seed.to_le_bytes());
    index_bytes.copy_from_slice(&(index as u64).to_le_bytes());
    Keypair::from_seed(&bytes)
}

/// The miners of a network whose first one listens on `first_port` of loopback. Ports past the last one are left out.
pub fn miner_addresses(seed: u64, count: usize, first_port: u16) -> Vec<MinerAddress> {
    (first_port..=u16::MAX)
        .take(count)
        .enumerate()
        .map(|(index, port)| MinerAddress {
            index,
            hotkey: miner_keypair(seed, index).public().to_ss58(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        })
        .collect()
}
