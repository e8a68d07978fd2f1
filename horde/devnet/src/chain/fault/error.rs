//! Why a text is not a fault.

use super::call::CALLS_HELP;

/// Why a text is not a fault of the chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseFaultError {
    /// No fault has this name.
    #[error("{found:?} is not a fault of the chain; `horde-devnet chain-faults` lists them")]
    Unknown {
        /// The name.
        found: String,
    },
    /// The fault takes no argument.
    #[error("{name} takes no argument: write it without a colon")]
    NoArgument {
        /// The fault.
        name: &'static str,
    },
    /// The argument is another than a number in the fault's range.
    #[error("the argument of {name} is a number from {min} to {max}, not {found:?}")]
    Argument {
        /// The fault.
        name: &'static str,
        /// The least number.
        min: u32,
        /// The largest number.
        max: u32,
        /// The text.
        found: String,
    },
    /// The fault cannot be limited to these calls.
    #[error(
        "{name} cannot be limited to {found:?}; calls are {CALLS_HELP}, as far as the fault is for them"
    )]
    Call {
        /// The fault.
        name: &'static str,
        /// The text behind `@`.
        found: String,
    },
    /// The fault is not of single calls.
    #[error("{name} lasts until it is taken away: write it without a star")]
    Lasting {
        /// The fault.
        name: &'static str,
    },
    /// What stands behind `*` is not a number of times.
    #[error("{found:?} is not a number of times; write 1 or more behind the star")]
    Times {
        /// The text.
        found: String,
    },
}
