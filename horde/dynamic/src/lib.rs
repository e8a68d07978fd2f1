//! The dynamic config of a ComputeHorde validator: what its network changes while it runs (sections 2.8, 3.10 and 10.9).
//!
//! `horde_report` reads it and emits it whole as the event `horde_dynamic_config`; whoever acts by it stores the last one, so that a
//! restart or a reload decides nothing by other values. Everything here is a pure function of its arguments.
//!
//! A [`ParamFile`] is read whole or refused whole. [`Layers`] puts files above a [`Profile`], and an operator's own values above
//! both; what comes of it at a moment is [`Resolved`].

mod field;
mod file;
mod key;
mod layers;
mod profile;
mod values;

pub use field::{Bounds, ValueFault};
pub use file::{FileFault, ParamFile};
pub use key::KeyError;
pub use layers::{Change, Conflict, Layers, LocalValue, Origin, Resolved, Source};
pub use profile::Profile;
pub use values::{CommitReveal, DynamicConfig};
