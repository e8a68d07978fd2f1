//! The dynamic config of a ComputeHorde validator: what its network changes while it runs (sections 2.8, 3.10 and 10.9).
//!
//! `horde_report` reads it and emits it whole as the event `horde_dynamic_config`; whoever acts by it stores the last one, so that a
//! restart or a reload decides nothing by other values. Everything here is a pure function of its arguments.

mod values;

pub use values::{CommitReveal, DynamicConfig};
