//! The ChaCha12 keystream (R1) and its seeding from one integer (R10).

use super::Rng;

const BLOCK_WORDS: usize = 16;
const DOUBLE_ROUNDS: usize = 6;
/// "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// ChaCha with 12 rounds: 64-bit block counter from 0, stream id 0, the keystream read as little-endian words.
#[derive(Debug, Clone)]
pub struct ChaCha12 {
    key: [u32; 8],
    /// The next block to compute.
    counter: u64,
    block: [u32; BLOCK_WORDS],
    /// Words of `block` already handed out.
    used: usize,
}

impl ChaCha12 {
    /// The keystream of `key`.
    pub fn from_seed(key: [u8; 32]) -> Self {
        let (words, _) = key.as_chunks::<4>();
        let mut key = [0; 8];
        for (word, bytes) in key.iter_mut().zip(words) {
            *word = u32::from_le_bytes(*bytes);
        }
        Self {
            key,
            counter: 0,
            block: [0; BLOCK_WORDS],
            used: BLOCK_WORDS,
        }
    }

    /// The keystream of the key that 32-bit PCG steps derive from `state` (R10).
    pub fn seed_from_u64(mut state: u64) -> Self {
        let mut key = [0; 32];
        let (words, _) = key.as_chunks_mut::<4>();
        for bytes in words {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(11_634_580_027_462_260_723);
            let mixed = (((state >> 18) ^ state) >> 27) as u32;
            *bytes = mixed.rotate_right((state >> 59) as u32).to_le_bytes();
        }
        Self::from_seed(key)
    }

    fn next_block(&self) -> [u32; BLOCK_WORDS] {
        let mut start = [0; BLOCK_WORDS];
        start[..4].copy_from_slice(&CONSTANTS);
        start[4..12].copy_from_slice(&self.key);
        start[12] = self.counter as u32;
        start[13] = (self.counter >> 32) as u32;
        let mut state = start;
        for _ in 0..DOUBLE_ROUNDS {
            for column in 0..4 {
                quarter_round(&mut state, [column, 4 + column, 8 + column, 12 + column]);
            }
            for diagonal in 0..4 {
                let turned = |row: usize| 4 * row + (diagonal + row) % 4;
                quarter_round(&mut state, [turned(0), turned(1), turned(2), turned(3)]);
            }
        }
        for (word, initial) in state.iter_mut().zip(start) {
            *word = word.wrapping_add(initial);
        }
        state
    }
}

impl Rng for ChaCha12 {
    fn next_u32(&mut self) -> u32 {
        if self.used == BLOCK_WORDS {
            self.block = self.next_block();
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let word = self.block[self.used];
        self.used += 1;
        word
    }

    fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        low | u64::from(self.next_u32()) << 32
    }
}

fn quarter_round(state: &mut [u32; BLOCK_WORDS], [a, b, c, d]: [usize; 4]) {
    for (left, right) in [(16, 12), (8, 7)] {
        state[a] = state[a].wrapping_add(state[b]);
        state[d] = (state[d] ^ state[a]).rotate_left(left);
        state[c] = state[c].wrapping_add(state[d]);
        state[b] = (state[b] ^ state[c]).rotate_left(right);
    }
}
