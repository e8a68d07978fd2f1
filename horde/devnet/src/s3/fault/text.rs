//! A fault as a text: `NAME[:ARG][@CALL[=PATH]][*TIMES]`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::kind::{S3FaultInfo, S3FaultKind};
use crate::s3::call::S3Call;

const ARGUMENT_START: char = ':';
const CALL_START: char = '@';
const PATH_START: char = '=';
const TIMES_START: char = '*';
const PATH_BYTES_MAX: usize = 1_100;

/// Why a text is not a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseS3FaultError {
    /// No fault has this name.
    #[error("{found:?} is not a fault of S3; known are {}", names())]
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
    /// The fault takes another argument.
    #[error("the argument of {name} is {found:?}, not a number from {min} to {max}")]
    Argument {
        /// The fault.
        name: &'static str,
        /// The argument.
        found: String,
        /// The least.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// No call has this name.
    #[error("{found:?} is not a call of S3; known are {}", S3Call::ALL.map(S3Call::name).join(", "))]
    Call {
        /// The name.
        found: String,
    },
    /// The start of the path is too long to be one.
    #[error("the path behind = has more than {PATH_BYTES_MAX} bytes")]
    Path,
    /// It is to happen no time, or an unknown number of times.
    #[error("{found:?} is not how often a fault happens: write a number from 1 behind *")]
    Times {
        /// The text.
        found: String,
    },
}

/// A fault, with the requests that it happens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Fault {
    /// What happens.
    pub kind: S3FaultKind,
    /// The amount, for those that have one; 0 for the others.
    pub argument: i64,
    /// The call that it happens to; `None` for all.
    pub call: Option<S3Call>,
    /// What `bucket/key` must begin with; empty for all.
    pub path: String,
    /// How often it happens; `None` for always.
    pub times: Option<NonZeroU32>,
}

impl S3Fault {
    /// Its name, argument and meaning.
    pub fn info(&self) -> Option<&'static S3FaultInfo> {
        S3FaultKind::list()
            .iter()
            .find(|info| info.kind == self.kind)
    }

    pub(super) fn is_for(&self, call: S3Call, path: &str) -> bool {
        self.call.is_none_or(|own| own == call) && path.starts_with(&self.path)
    }
}

impl FromStr for S3Fault {
    type Err = ParseS3FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (rest, times) = match text.rsplit_once(TIMES_START) {
            None => (text, None),
            Some((rest, found)) => {
                let found = found.to_owned();
                let times = found
                    .parse()
                    .map_err(|_| ParseS3FaultError::Times { found })?;
                (rest, Some(times))
            }
        };
        let (rest, scope) = match rest.split_once(CALL_START) {
            None => (rest, None),
            Some((rest, scope)) => (rest, Some(scope)),
        };
        let (call, path) = scope.map_or(Ok((None, "")), read_scope)?;
        let (name, argument) = match rest.split_once(ARGUMENT_START) {
            None => (rest, None),
            Some((name, argument)) => (name, Some(argument)),
        };
        let info = S3FaultKind::list().iter().find(|info| info.name == name);
        let info = info.ok_or_else(|| ParseS3FaultError::Unknown {
            found: name.to_owned(),
        })?;
        Ok(Self {
            kind: info.kind,
            argument: read_argument(info, argument)?,
            call,
            path: path.to_owned(),
            times,
        })
    }
}

fn read_scope(scope: &str) -> Result<(Option<S3Call>, &str), ParseS3FaultError> {
    let (call, path) = scope.split_once(PATH_START).unwrap_or((scope, ""));
    if path.len() > PATH_BYTES_MAX {
        return Err(ParseS3FaultError::Path);
    }
    let found = S3Call::ALL.into_iter().find(|known| known.name() == call);
    let found = found.ok_or_else(|| ParseS3FaultError::Call {
        found: call.to_owned(),
    })?;
    Ok((Some(found), path))
}

fn read_argument(info: &S3FaultInfo, argument: Option<&str>) -> Result<i64, ParseS3FaultError> {
    let name = info.name;
    let Some((_, default)) = info.argument else {
        return match argument {
            None => Ok(0),
            Some(_) => Err(ParseS3FaultError::NoArgument { name }),
        };
    };
    let Some(argument) = argument else {
        return Ok(default);
    };
    let (min, max) = info.range;
    let number = argument.parse().ok();
    let number = number.filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| ParseS3FaultError::Argument {
        name,
        found: argument.to_owned(),
        min,
        max,
    })
}

impl fmt::Display for S3Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(info) = self.info() {
            formatter.write_str(info.name)?;
            if info.argument.is_some() {
                write!(formatter, "{ARGUMENT_START}{}", self.argument)?;
            }
        }
        if let Some(call) = self.call {
            write!(formatter, "{CALL_START}{}", call.name())?;
            if !self.path.is_empty() {
                write!(formatter, "{PATH_START}{}", self.path)?;
            }
        }
        match self.times {
            Some(times) => write!(formatter, "{TIMES_START}{times}"),
            None => Ok(()),
        }
    }
}

fn names() -> String {
    let names: Vec<_> = S3FaultKind::list().iter().map(|info| info.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_fault_can_be_read_and_written() {
        for info in S3FaultKind::list() {
            let fault: S3Fault = info.name.parse().unwrap();
            assert_eq!(fault.kind, info.kind);
            assert_eq!(fault.info(), Some(info));
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }

    #[test]
    fn call_path_and_count_are_read() {
        let text = "status:503@get=answers/solved/*3";
        let fault: S3Fault = text.parse().unwrap();
        assert_eq!((fault.kind, fault.argument), (S3FaultKind::Status, 503));
        assert_eq!(fault.times, NonZeroU32::new(3));
        assert_eq!(fault.to_string(), text);
        assert!(fault.is_for(S3Call::Get, "answers/solved/1.json"));
        assert!(!fault.is_for(S3Call::Put, "answers/solved/1.json"));
        assert!(!fault.is_for(S3Call::Get, "answers/1"));
    }

    #[test]
    fn faulty_texts_are_rejected_with_their_remedy() {
        let error = |text: &str| text.parse::<S3Fault>().unwrap_err();
        assert!(error("sloth").to_string().contains("wrong-region"));
        assert!(matches!(error("sloth"), ParseS3FaultError::Unknown { .. }));
        assert_eq!(
            error("403:1"),
            ParseS3FaultError::NoArgument { name: "403" }
        );
        for text in ["slow:0", "slow:x", "status:404", "clock-off:999999999"] {
            let error = error(text);
            assert!(
                matches!(error, ParseS3FaultError::Argument { .. }),
                "{error}"
            );
        }
        assert!(error("403@fetch").to_string().contains("put-policy"));
        assert!(matches!(error("403@fetch"), ParseS3FaultError::Call { .. }));
        let long = format!("403@get={}", "x".repeat(2_000));
        assert_eq!(error(&long), ParseS3FaultError::Path);
        for text in ["403*0", "403*x", "403*"] {
            assert!(
                matches!(error(text), ParseS3FaultError::Times { .. }),
                "{text}"
            );
        }
    }
}
