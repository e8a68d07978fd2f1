//! Faults as texts of command lines and requests.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::call::{CALLS_HELP, ChainCall};
use super::list::FaultKind;

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
    /// What stands behind `*` is not a number of times.
    #[error("{found:?} is not a number of times; write 1 or more behind the star")]
    Times {
        /// The text.
        found: String,
    },
}

/// A fault: its kind, the calls that it is limited to, and how many times it happens.
///
/// As text `NAME[:ARG][@CALL][*TIMES]`, such as `hangs:30000@weights*1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// With which calls only; `None` for all that the kind is for.
    pub call: Option<ChainCall>,
    /// How many times; `None` for always.
    pub times: Option<NonZeroU32>,
}

impl ChainFault {
    /// Whether the fault happens with such a call.
    pub(super) fn is_for(self, call: ChainCall) -> bool {
        self.kind.scope().contains(call) && self.call.is_none_or(|only| only.includes(call))
    }
}

impl FromStr for ChainFault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (text, times) = match text.split_once('*') {
            Some((text, times)) => {
                let parsed = times.parse().map_err(|_| ParseFaultError::Times {
                    found: times.to_owned(),
                })?;
                (text, Some(parsed))
            }
            None => (text, None),
        };
        let (text, call) = match text.split_once('@') {
            Some((text, call)) => (text, Some(call)),
            None => (text, None),
        };
        let kind = match text.split_once(':') {
            Some((name, argument)) => FaultKind::read(name, Some(argument))?,
            None => FaultKind::read(text, None)?,
        };
        let call = match call {
            None => None,
            Some(found) => match ChainCall::parse(found) {
                Some(call) if kind.scope().contains(call) => Some(call),
                _ => {
                    return Err(ParseFaultError::Call {
                        name: kind.name(),
                        found: found.to_owned(),
                    });
                }
            },
        };
        let once = match kind {
            FaultKind::TakesBack(_) | FaultKind::Forks(_) => Some(NonZeroU32::MIN),
            _ => None,
        };
        Ok(Self {
            kind,
            call,
            times: times.or(once),
        })
    }
}

impl fmt::Display for ChainFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind.name())?;
        if let Some(argument) = self.kind.argument() {
            write!(formatter, ":{argument}")?;
        }
        if let Some(call) = self.call {
            write!(formatter, "@{}", call.name())?;
        }
        match self.times {
            Some(times) => write!(formatter, "*{times}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_fault_can_be_read_and_written() {
        for info in FaultKind::list() {
            let fault: ChainFault = info.name.parse().unwrap();
            assert_eq!(fault.kind.name(), info.name);
            assert_eq!(fault.to_string().parse(), Ok(fault));
            let default = info.argument.map(|(_, default)| default);
            assert_eq!(fault.kind.argument(), default, "{fault}");
        }
    }

    #[test]
    fn call_and_count_are_read() {
        let fault: ChainFault = "hangs:5@weights*3".parse().unwrap();
        assert_eq!(fault.kind, FaultKind::Hangs(5));
        assert_eq!(fault.call, Some(ChainCall::Weights));
        assert_eq!(fault.times, NonZeroU32::new(3));
        assert!(fault.is_for(ChainCall::Weights) && !fault.is_for(ChainCall::Block));
        assert!(fault.is_for(ChainCall::Reveal));
        let reveals: ChainFault = "refuses@reveal".parse().unwrap();
        assert!(reveals.is_for(ChainCall::Reveal) && !reveals.is_for(ChainCall::Weights));
        let forks: ChainFault = "forks:2".parse().unwrap();
        assert_eq!(forks.times, NonZeroU32::new(1));
    }

    #[test]
    fn faulty_faults_are_named_with_their_remedy() {
        for (text, expected) in [
            (
                "sloth",
                "\"sloth\" is not a fault of the chain; `horde-devnet chain-faults` lists them",
            ),
            ("html:3", "html takes no argument: write it without a colon"),
            (
                "status:200",
                "the argument of status is a number from 400 to 599, not \"200\"",
            ),
            (
                "slow:-1",
                "the argument of slow is a number from 0 to 600000, not \"-1\"",
            ),
            (
                "html*0",
                "\"0\" is not a number of times; write 1 or more behind the star",
            ),
            (
                "forgets@block",
                "forgets cannot be limited to \"block\"; calls are block, neurons, limits, commits, weights, commit, reveal, \
                 as far as the fault is for them",
            ),
        ] {
            assert_eq!(
                text.parse::<ChainFault>().unwrap_err().to_string(),
                expected
            );
        }
        assert!(matches!(
            "html*x".parse::<ChainFault>(),
            Err(ParseFaultError::Times { .. })
        ));
    }
}
