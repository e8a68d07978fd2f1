//! Draws of one job: a stream of BLAKE3 output, which nobody can foresee who does not know the seed.

use blake3::{Hasher, OutputReader};

use super::SEED_BYTES;

/// Separates the stream from other uses of the seed.
const CONTEXT: &str = "horde-calc 2026 hash job";

/// Letters of passwords: hashcat's custom charset `?l?d?u`.
const ALPHANUMERICS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8; 10] = b"0123456789";

/// Characters of a start key after the miner's hotkey.
const START_KEY_CHARS: usize = 48;

/// What is drawn for a job, one thing after another.
pub(super) struct Draws(OutputReader);

impl Draws {
    pub(super) fn new(seed: &[u8; SEED_BYTES]) -> Self {
        let mut hasher = Hasher::new_derive_key(CONTEXT);
        hasher.update(seed);
        Self(hasher.finalize_xof())
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// Letters of [`ALPHANUMERICS`], then digits.
    pub(super) fn password(&mut self, letters: usize, digits: usize) -> String {
        let mut password = String::with_capacity(letters + digits);
        password.extend((0..letters).map(|_| self.character(ALPHANUMERICS)));
        password.extend((0..digits).map(|_| self.character(DIGITS)));
        password
    }

    /// Names the miner, so that no other one can use the key unnoticed.
    pub(super) fn start_key(&mut self, miner_hotkey: &str) -> String {
        format!("{miner_hotkey}-{}", self.password(START_KEY_CHARS, 0))
    }

    /// Each character with the same probability: bytes beyond the last whole round of the alphabet are drawn again.
    fn character(&mut self, alphabet: &[u8]) -> char {
        let rounds_end = 256 - 256 % alphabet.len();
        loop {
            let [byte] = self.bytes();
            let byte = usize::from(byte);
            if byte < rounds_end {
                return alphabet[byte % alphabet.len()].into();
            }
        }
    }
}
