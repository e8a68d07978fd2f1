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

/// Bytes of the stream that BLAKE3 makes at once.
const BLOCK_BYTES: usize = 64;

/// What is drawn for a job, one thing after another.
pub(super) struct Draws {
    stream: OutputReader,
    /// The block in use: BLAKE3 would make a whole one for each byte that is read alone.
    block: [u8; BLOCK_BYTES],
    /// Bytes of the block that are drawn.
    drawn: usize,
}

impl Draws {
    pub(super) fn new(seed: &[u8; SEED_BYTES]) -> Self {
        let mut hasher = Hasher::new_derive_key(CONTEXT);
        hasher.update(seed);
        Self {
            stream: hasher.finalize_xof(),
            block: [0; BLOCK_BYTES],
            drawn: BLOCK_BYTES,
        }
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    fn byte(&mut self) -> u8 {
        if self.drawn == BLOCK_BYTES {
            self.stream.fill(&mut self.block);
            self.drawn = 0;
        }
        let byte = self.block[self.drawn];
        self.drawn += 1;
        byte
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
            let byte = usize::from(self.byte());
            if byte < rounds_end {
                return alphabet[byte % alphabet.len()].into();
            }
        }
    }
}
