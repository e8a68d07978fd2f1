//! Algorithms for the TIG challenges and what it takes to write one.
//!
//! An algorithm is a function `solve(&Instance) -> Option<Solution>`. It runs natively in tests, and [`export_algorithm!`]
//! makes a WASM module of it. Invariant: an algorithm is a pure function of the instance; randomness comes from
//! [`Random`], seeded by it.
//!
//! | challenge | simple | good |
//! |---|---|---|
//! | satisfiability | [`random_flip`] | [`walk_sat`] |
//! | vehicle_routing | [`clarke_wright`] | [`ruin_recreate`] |
//! | knapsack | [`dynamic_programming`] | [`greedy_swap`] |
//! | vector_search | [`linear_scan`] | [`pruned_scan`] |
//!
//! At the network's easiest difficulties every satisfiability and every vector search has a solution, but only about
//! one knapsack in sixteen (50 items, 1 % above the baseline) and one set of routes in twenty (40 nodes, 25 % below).
//! No algorithm finds what is not there; the simple one for knapsack finds all there is, but takes long where a bound on the
//! value leaves thousands of items undecided.

pub mod clarke_wright;
pub mod dynamic_programming;
pub mod greedy_swap;
pub mod guest;
pub mod linear_scan;
mod nearest;
#[cfg(test)]
mod optimum;
pub mod pruned_scan;
mod random;
pub mod random_flip;
pub mod ruin_recreate;
pub mod walk_sat;

pub use random::Random;
#[doc(hidden)]
pub use tig_challenges as challenges;
