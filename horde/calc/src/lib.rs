//! Calculations of a ComputeHorde validator: when it acts, what it asks of miners, what their work is worth.
//!
//! Invariants: everything here is a pure function of its arguments. No I/O, no clock, no source of randomness. Where other
//! validators calculate the same, the result is theirs bit for bit.
//!
//! Sections named in comments are those of computehorde.md, the description of the validator of November 2024.

pub mod hash_job;
pub mod mersenne;
pub mod schedule;
pub mod score;
pub mod weights;
