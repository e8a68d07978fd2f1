//! Faults: what the service of the chain does wrong, on purpose. A closed set, by names that command lines and requests use.

mod call;
mod error;
mod list;
mod queue;
mod text;

pub use call::ChainCall;
pub use error::ParseFaultError;
pub use list::{ChainFaultInfo, FaultKind};
pub use queue::{FAULTS_COUNT_MAX, Faults, FaultsError};
pub use text::ChainFault;
