//! Algorithms for the TIG challenges and what it takes to write one.
//!
//! An algorithm is a function `solve(&Instance) -> Option<Solution>`. It runs natively in tests, and [`export_algorithm!`]
//! makes a WASM module of it. Invariant: an algorithm is a pure function of the instance; randomness comes from
//! [`Random`], seeded by it.

pub mod greedy_swap;
pub mod guest;
mod random;
pub mod walk_sat;

pub use random::Random;
#[doc(hidden)]
pub use tig_challenges as challenges;
