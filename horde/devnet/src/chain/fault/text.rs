//! Faults as texts of command lines and requests.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::call::{ChainCall, Scope};
use super::error::ParseFaultError;
use super::list::FaultKind;

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
        if times.is_some() && kind.scope() == Scope::Port {
            let name = kind.name();
            return Err(ParseFaultError::Lasting { name });
        }
        let once = match kind {
            FaultKind::RollsBack(_) | FaultKind::Forks(_) => Some(NonZeroU32::MIN),
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

    fn fault_of(text: &str) -> ParseFaultError {
        text.parse::<ChainFault>().unwrap_err()
    }

    #[test]
    fn faulty_faults_are_named_with_their_remedy() {
        let unknown = fault_of("sloth");
        assert!(matches!(unknown, ParseFaultError::Unknown { .. }));
        let superfluous = fault_of("html:3");
        let name = "html";
        assert_eq!(superfluous, ParseFaultError::NoArgument { name });
        let status = fault_of("status:200");
        assert!(matches!(status, ParseFaultError::Argument { .. }));
        let times = fault_of("html*0");
        assert!(matches!(times, ParseFaultError::Times { .. }));
        let call = fault_of("forgets@block");
        assert!(matches!(call, ParseFaultError::Call { .. }));
        for (fault, expected) in [
            (
                unknown,
                "\"sloth\" is not a fault of the chain; `horde-devnet chain-faults` lists them",
            ),
            (
                superfluous,
                "html takes no argument: write it without a colon",
            ),
            (
                status,
                "the argument of status is a number from 400 to 599, not \"200\"",
            ),
            (
                times,
                "\"0\" is not a number of times; write 1 or more behind the star",
            ),
            (
                call,
                "forgets cannot be limited to \"block\"; calls are block, neurons, limits, commits, weights, commit, reveal, \
                 as far as the fault is for them",
            ),
        ] {
            assert_eq!(fault.to_string(), expected);
        }
        let name = "gone";
        assert_eq!(fault_of("gone*2"), ParseFaultError::Lasting { name });
        // Signs and spaces are not numbers.
        for text in [
            "slow:-1",
            "slow: 1",
            "html*",
            "html*x",
            "html@",
            "gone@block",
            "@block",
        ] {
            fault_of(text);
        }
    }
}
