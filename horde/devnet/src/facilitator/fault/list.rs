//! All faults, each with its name, its argument and its meaning.

use std::fmt;
use std::str::FromStr;

use super::argument::{Attempts, FaultArgument, FaultStep, Kibibytes, SignedField, When};
use crate::vice::{Milliseconds, Seconds};

/// Stands between the name of a fault and its argument.
const NAME_END: char = ':';

/// Why a text is not a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No fault has this name.
    #[error("{found:?} is not a fault of a facilitator; known are {}", names())]
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
    #[error("the argument of {name} is {found:?}, not {expected}")]
    Argument {
        /// The fault.
        name: &'static str,
        /// The argument.
        found: String,
        /// What it should be.
        expected: String,
    },
}

/// A fault as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// The name, which stands before the colon.
    pub name: &'static str,
    /// What stands behind the colon, and the value if nothing does.
    pub argument: Option<(&'static str, String)>,
    /// What the facilitator does.
    pub meaning: &'static str,
}

macro_rules! faults {
    ($(
        #[doc = $meaning:literal]
        $text:literal = $variant:ident $(($type:ident = $default:expr))?,
    )*) => {
        /// What a facilitator does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $meaning] $variant $(($type))?,)*
        }

        impl Fault {
            /// Every fault.
            pub fn list() -> Vec<FaultInfo> {
                vec![$(FaultInfo {
                    name: $text,
                    argument: None$(.or(Some(($type::PLACEHOLDER, $default.to_string()))))?,
                    meaning: $meaning.trim_ascii(),
                },)*]
            }

            fn read(name: &str, argument: Option<&str>) -> Result<Self, FaultError> {
                match name {
                    $($text => faults!(@read $variant $(($type = $default))?, $text, argument),)*
                    other => Err(FaultError::Unknown { found: other.to_owned() }),
                }
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(faults!(@pattern $variant argument $(($type))?) =>
                        faults!(@write formatter, $text, argument $(($type))?),)*
                }
            }
        }
    };
    (@read $variant:ident, $text:literal, $argument:ident) => {
        match $argument {
            None => Ok(Self::$variant),
            Some(_) => Err(FaultError::NoArgument { name: $text }),
        }
    };
    (@read $variant:ident ($type:ident = $default:expr), $text:literal, $argument:ident) => {
        match $argument {
            None => Ok(Self::$variant($default)),
            Some(argument) => $type::parse(argument)
                .map(Self::$variant)
                .map_err(|expected| FaultError::Argument {
                    name: $text,
                    found: argument.to_owned(),
                    expected,
                }),
        }
    };
    (@pattern $variant:ident $argument:ident) => { Self::$variant };
    (@pattern $variant:ident $argument:ident ($type:ident)) => { Self::$variant($argument) };
    (@write $formatter:ident, $text:literal, $argument:ident) => { $formatter.write_str($text) };
    (@write $formatter:ident, $text:literal, $argument:ident ($type:ident)) => {
        write!($formatter, "{}{NAME_END}{}", $text, $argument)
    };
}

faults! {
    /// Closes the connection with code 3000 at this step
    "closes-3000" = Closes3000(When = When::always(FaultStep::Auth)),
    /// Closes the connection with code 3001 at this step
    "closes-3001" = Closes3001(When = When::always(FaultStep::Auth)),
    /// Closes the connection with code 1011 at this step
    "closes-1011" = Closes1011(When = When::always(FaultStep::Status)),
    /// Ends the connection without a closing handshake at this step
    "drops" = Drops(When = When::always(FaultStep::Status)),
    /// Reads and sends nothing any more after this step, not even pongs, as a connection that is half open
    "freezes" = Freezes(When = When::always(FaultStep::Auth)),
    /// Closes each connection with code 1001 so long after it was opened
    "storm" = Storm(Milliseconds = Milliseconds(1_000)),
    /// Reads everything and sends nothing, no answers and no jobs
    "silent" = Silent,
    /// Stores a status, but gives so many attempts at it no answer
    "no-answer" = NoAnswer(Attempts = Attempts(1)),
    /// Answers so much later
    "slow-answer" = SlowAnswer(Milliseconds = Milliseconds(2_000)),
    /// Has no row of a job for so long after it was sent: statuses are answered job.not_found
    "late-row" = LateRow(Milliseconds = Milliseconds(500)),
    /// Sends each job twice on each connection
    "sends-twice" = SendsTwice,
    /// Sends all jobs that are under way again after each authentication
    "again-after-auth" = AgainAfterAuth,
    /// Sends a job again so long after its end
    "again-when-over" = AgainWhenOver(Milliseconds = Milliseconds(100)),
    /// Adds fields to requests that the reference does not know
    "unknown-fields" = UnknownFields,
    /// Sends a frame that is not JSON before each job
    "sends-no-json" = SendsNoJson,
    /// Sends a message of an unknown type before each job
    "unknown-type" = UnknownType,
    /// Leaves out the class of the executor
    "missing-field" = MissingField,
    /// Names a class of executors that does not exist
    "wrong-enum" = WrongEnum,
    /// Sends an image and a script
    "both-programs" = BothPrograms,
    /// Sends neither image nor script
    "no-program" = NoProgram,
    /// Adds an argument of this size
    "large-args" = LargeArgs(Kibibytes = Kibibytes(1_024)),
    /// Names an input file at what is not a URL
    "bad-volume-url" = BadVolumeUrl,
    /// Names jobs by what is not a uuid
    "bad-uuid" = BadUuid,
    /// Sends V2 requests without a signature
    "unsigned" = Unsigned,
    /// Sends V2 requests of a user whom no validator knows
    "unknown-signer" = UnknownSigner,
    /// Sends V2 requests that name the known user, signed by the unknown one
    "forged" = Forged,
    /// Changes this field of V2 requests behind the signature
    "tampered" = Tampered(SignedField = SignedField::Args),
    /// Signs V2 requests so long ago
    "old-signature" = OldSignature(Seconds = Seconds(600)),
    /// Sends each V2 request again under another uuid
    "replayed" = Replayed,
}

fn names() -> String {
    let names: Vec<_> = Fault::list().iter().map(|info| info.name).collect();
    names.join(", ")
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(NAME_END) {
            Some((name, argument)) => Self::read(name, Some(argument)),
            None => Self::read(text, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_its_own_text() {
        for info in Fault::list() {
            let fault: Fault = info.name.parse().unwrap();
            let text = match info.argument {
                Some((_, default)) => format!("{}:{default}", info.name),
                None => info.name.to_owned(),
            };
            assert_eq!(fault.to_string(), text);
            assert_eq!(text.parse(), Ok(fault));
            assert!(!info.meaning.is_empty());
        }
    }

    #[test]
    fn faulty_texts_are_rejected_with_their_remedy() {
        let unknown = "sloth".parse::<Fault>().unwrap_err();
        assert!(matches!(unknown, FaultError::Unknown { .. }));
        assert!(unknown.to_string().contains("late-row"), "{unknown}");
        let name = "silent";
        assert_eq!(
            "silent:1".parse::<Fault>(),
            Err(FaultError::NoArgument { name })
        );
        for (text, expected) in [
            ("drops:lunch", "one of connect, auth, job, status"),
            ("storm:0", "a number from 1 to 600000"),
            ("tampered:uuid", "executor_class"),
            ("no-answer:x", "a number from 1"),
            ("large-args:99999", "a number from 1 to 2048"),
        ] {
            let error = text.parse::<Fault>().unwrap_err();
            assert!(matches!(error, FaultError::Argument { .. }), "{text}");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn step_can_be_for_the_first_time_only() {
        let is_once = true;
        let step = FaultStep::Job;
        let expected = Fault::Drops(When { step, is_once });
        assert_eq!("drops:job-once".parse(), Ok(expected));
        assert_eq!(expected.to_string(), "drops:job-once");
    }
}
