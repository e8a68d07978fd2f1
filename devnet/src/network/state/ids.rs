//! Block ids and benchmark ids (tig-protocol.md section 4).
//!
//! A block id must not be known before its block exists, because it seeds the nonce sampling: it depends on a secret
//! that only the network knows. The secret comes from the seed, so that a run can be repeated.

use tig_protocol::BenchmarkSettings;

const ID_BYTES: usize = 16;
const ADDRESS_BYTES: usize = 20;

/// Stands where the genesis block would name its predecessor.
pub(crate) const NO_BLOCK_ID: &str = "00000000000000000000000000000000";

/// A secret by which the block ids and keys of one network differ from those of another.
#[derive(Clone)]
pub(crate) struct Secret {
    blocks: [u8; 32],
    api_keys: [u8; 32],
    players: [u8; 32],
}

impl Secret {
    pub(crate) fn from_seed(seed: u64) -> Self {
        let derive = |context| blake3::derive_key(context, &seed.to_le_bytes());
        Self {
            blocks: derive("tig-devnet block ids"),
            api_keys: derive("tig-devnet api keys"),
            players: derive("tig-devnet players"),
        }
    }

    /// `fork` counts the blocks that were rolled back: a block made again at its height has another id.
    pub(crate) fn block_id(&self, prev_block_id: &str, height: u32, fork: u64) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.blocks);
        hasher.update(prev_block_id.as_bytes());
        hasher.update(&height.to_le_bytes());
        if fork > 0 {
            hasher.update(&fork.to_le_bytes());
        }
        id_text(&hasher.finalize())
    }

    /// The key that the network hands out to the player with this address.
    pub(crate) fn api_key(&self, address: &str) -> String {
        id_text(&blake3::keyed_hash(&self.api_keys, address.as_bytes()))
    }

    /// The address of a player that is drawn.
    pub(crate) fn player_id(&self, index: u64) -> String {
        let hash = blake3::keyed_hash(&self.players, &index.to_le_bytes());
        format!("0x{}", hex::encode(&hash.as_bytes()[..ADDRESS_BYTES]))
    }
}

/// Settings are unique, so their ids are too.
pub(crate) fn benchmark_id(settings: &BenchmarkSettings) -> String {
    id_text(&blake3::hash(settings.canonical().as_bytes()))
}

/// Whether a text is `0x` and 40 lower-case hex digits.
pub(crate) fn is_address(text: &str) -> bool {
    is_prefixed_hex(text, 40)
}

/// `0x` and as many lower-case hex digits.
pub(crate) fn is_prefixed_hex(text: &str, num_digits: usize) -> bool {
    let is_lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("0x")
        .is_some_and(|digits| digits.len() == num_digits && digits.bytes().all(is_lower_hex))
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn id_text(hash: &blake3::Hash) -> String {
    hex::encode(&hash.as_bytes()[..ID_BYTES])
}
