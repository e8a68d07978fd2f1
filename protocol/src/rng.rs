//! The generators and draws of Rust's `rand` 0.8 that the protocol depends on (tig-protocol.md section 20), written
//! out so that every target draws the same: on 32-bit targets the crate's small generator is another algorithm.

mod chacha;
mod draw;
mod jump;
mod step;
mod xoshiro;

pub use chacha::ChaCha12;
pub use draw::{Rng, UniformU32};
pub use xoshiro::Xoshiro256PlusPlus;
