//! Calculations of a ComputeHorde validator: when it acts, what it asks of miners, what their work is worth.
//!
//! Invariants: everything here is a pure function of its arguments. No I/O, no clock, no source of randomness. Validators
//! agree on who tests when, bit for bit. Formulas of scores and weights give the bits of the earlier validator; only the
//! order in which scores of several hotkeys are added is our own.
//!
//! Sections named in comments are those of computehorde.md, the description of the validator of November 2024.

pub mod archive;
pub mod hash_job;
pub mod llm;
pub mod mersenne;
pub mod schedule;
pub mod score;
pub mod weights;
