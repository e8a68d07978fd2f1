//! Block ids and benchmark ids (tig-protocol.md section 4).
//!
//! A block id must not be known before its block exists, because it seeds the nonce sampling: it depends on a secret
//! that only the network knows. The secret comes from the seed, so that a run can be repeated.

use tig_protocol::BenchmarkSettings;

const ID_BYTES: usize = 16;

/// Stands where the genesis block would name its predecessor.
pub(crate) const NO_BLOCK_ID: &str = "00000000000000000000000000000000";

/// What makes the block ids of one network differ from those of another.
#[derive(Debug, Clone)]
pub(crate) struct BlockSecret([u8; 32]);

impl BlockSecret {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(blake3::derive_key(
            "tig-devnet block ids",
            &seed.to_le_bytes(),
        ))
    }

    /// `fork` counts the blocks that were taken back: a block made again at its height has another id.
    pub(crate) fn block_id(&self, prev_block_id: &str, height: u32, fork: u64) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(prev_block_id.as_bytes());
        hasher.update(&height.to_le_bytes());
        if fork > 0 {
            hasher.update(&fork.to_le_bytes());
        }
        id_text(&hasher.finalize())
    }
}

/// Settings are unique, so their ids are too.
pub(crate) fn benchmark_id(settings: &BenchmarkSettings) -> String {
    id_text(&blake3::hash(settings.canonical().as_bytes()))
}

fn id_text(hash: &blake3::Hash) -> String {
    hex::encode(&hash.as_bytes()[..ID_BYTES])
}
