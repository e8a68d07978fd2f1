//! Faults: what a facilitator does wrong, on purpose. A closed set, by names that command lines and requests use.

mod argument;
mod list;
mod set;

pub use argument::{Attempts, FaultStep, Kibibytes, SignedField, When};
pub use list::{Fault, FaultError, FaultInfo};
pub(crate) use set::Ending;
pub use set::{Faults, FaultsError};
