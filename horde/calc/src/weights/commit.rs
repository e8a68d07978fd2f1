//! The hash by which a validator commits to weights before it reveals them (section 3.7).

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

/// Entries of a vector: as many as there are uids.
const ENTRIES_MAX: usize = 1 << 16;

/// What is committed to, and later revealed.
#[derive(Clone, PartialEq, Eq)]
pub struct WeightsCommit {
    /// The subnet.
    pub netuid: u16,
    /// Neurons with a weight.
    pub uids: Vec<u16>,
    /// Their weights.
    pub values: Vec<u16>,
    /// Random numbers that keep the weights from being guessed. Secret until the reveal.
    pub salt: Vec<u16>,
    /// Version of the weights.
    pub version_key: u64,
}

/// Why there is nothing to commit to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// A neuron without a weight, or a weight without a neuron.
    #[error("{uids} uids have {values} values; give each uid one")]
    Lengths {
        /// Number of uids.
        uids: usize,
        /// Number of values.
        values: usize,
    },
    /// More entries than a subnet has neurons.
    #[error("a vector of {count} entries is longer than {ENTRIES_MAX}, the number of uids")]
    TooLong {
        /// Number of entries.
        count: usize,
    },
}

impl WeightsCommit {
    /// BLAKE2b-256 of account, subnet, weights, salt and version in SCALE encoding.
    ///
    /// # Errors
    ///
    /// [`CommitError`] if the weights cannot be those of a subnet.
    pub fn hash(&self, account: &[u8; 32]) -> Result<[u8; 32], CommitError> {
        let (uids, values) = (self.uids.len(), self.values.len());
        if uids != values {
            return Err(CommitError::Lengths { uids, values });
        }
        let mut hasher = Blake2b::<U32>::new();
        hasher.update(account);
        hasher.update(self.netuid.to_le_bytes());
        for numbers in [&self.uids, &self.values, &self.salt] {
            let encoded = encode_vector(numbers)?;
            hasher.update(encoded);
        }
        hasher.update(self.version_key.to_le_bytes());
        Ok(hasher.finalize().into())
    }
}

/// SCALE's `Vec<u16>`: a compact length, then the numbers, little endian.
fn encode_vector(numbers: &[u16]) -> Result<Vec<u8>, CommitError> {
    let count = numbers.len();
    if count > ENTRIES_MAX {
        return Err(CommitError::TooLong { count });
    }
    // The low two bits of a compact number say how many bytes it takes: one, two or four.
    let mut encoded = match count {
        0..0x40 => vec![(count << 2) as u8],
        0x40..0x4000 => ((count << 2 | 0b01) as u16).to_le_bytes().to_vec(),
        _ => ((count << 2 | 0b10) as u32).to_le_bytes().to_vec(),
    };
    encoded.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    Ok(encoded)
}

impl std::fmt::Debug for WeightsCommit {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WeightsCommit")
            .field("netuid", &self.netuid)
            .field("uids", &self.uids)
            .field("values", &self.values)
            .field("version_key", &self.version_key)
            .finish_non_exhaustive()
    }
}
