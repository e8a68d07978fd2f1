//! Hotkeys of the chain's own neurons, which the seed of a network decides.

use tig_keyring::{Keypair, SEED_BYTES};

/// Separate these keys from those of miners, and from each other.
const VALIDATOR_CONTEXT: &[u8; 16] = b"horde-devnet val";
const NEWCOMER_CONTEXT: &[u8; 16] = b"horde-devnet new";

/// The hotkey of another validator of a network, counted from 0.
pub fn validator_keypair(seed: u64, index: usize) -> Keypair {
    keypair(VALIDATOR_CONTEXT, seed, index as u64)
}

/// The hotkey of whoever takes the place of a deregistered neuron, counted from 0.
pub(super) fn newcomer_hotkey(seed: u64, count: u64) -> String {
    keypair(NEWCOMER_CONTEXT, seed, count).public().to_ss58()
}

fn keypair(context: &[u8; 16], seed: u64, number: u64) -> Keypair {
    let mut bytes = [0; SEED_BYTES];
    let (head, numbers) = bytes.split_at_mut(context.len());
    let (seed_bytes, number_bytes) = numbers.split_at_mut(size_of::<u64>());
    head.copy_from_slice(context);
    seed_bytes.copy_from_slice(&seed.to_le_bytes());
    number_bytes.copy_from_slice(&number.to_le_bytes());
    Keypair::from_seed(&bytes)
}
