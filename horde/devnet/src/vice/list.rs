//! All vices, each with its name, its argument and its meaning.

use std::fmt;
use std::str::FromStr;

use super::argument::{
    Argument, ArgumentError, Count, Mebibytes, Milliseconds, PerSecond, Seconds, Step, Whose,
};
use super::llm::{AnswersFault, SeriesFault};

/// Stands between the name of a vice and its argument.
const SEPARATOR: char = ':';

/// Why a text is not a vice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViceError {
    /// No vice has this name.
    #[error("{found:?} is not a vice; `horde-devnet vices` lists them")]
    Unknown {
        /// The name.
        found: String,
    },
    /// The vice takes no argument.
    #[error("{name} takes no argument: write it without a colon")]
    NoArgument {
        /// The vice.
        name: &'static str,
    },
    /// The vice takes another argument.
    #[error("argument of {name}")]
    Argument {
        /// The vice.
        name: &'static str,
        /// The fault of the argument.
        #[source]
        source: ArgumentError,
    },
}

/// A vice as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViceInfo {
    /// The name, which stands before the colon.
    pub name: &'static str,
    /// What stands behind the colon, and the value if nothing does.
    pub argument: Option<(&'static str, String)>,
    /// What the miner does.
    pub meaning: &'static str,
}

macro_rules! vices {
    ($(
        #[doc = $meaning:literal]
        $text:literal = $variant:ident $(($type:ty = $default:expr))?,
    )*) => {
        /// What a miner does wrong. Steps and amounts are in brackets.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Vice {
            $(#[doc = $meaning] $variant $(($type))?,)*
        }

        impl Vice {
            /// Every vice, in the order of the specification's protocol.
            pub fn list() -> Vec<ViceInfo> {
                vec![$(ViceInfo {
                    name: $text,
                    argument: vices!(@info $(($type = $default))?),
                    meaning: $meaning.trim_ascii(),
                },)*]
            }

            /// The name, without an argument.
            pub const fn name(self) -> &'static str {
                match self {
                    $(vices!(@pattern $variant $(($type))?) => $text,)*
                }
            }

            fn argument_text(self) -> Option<String> {
                match self {
                    $(vices!(@bound $variant argument $(($type))?) =>
                        vices!(@text argument $(($type))?),)*
                }
            }

            fn read(name: &str, argument: Option<&str>) -> Result<Self, ViceError> {
                match name {
                    $($text => vices!(@read $text, $variant, argument $(($type = $default))?),)*
                    other => Err(ViceError::Unknown { found: other.to_owned() }),
                }
            }
        }
    };
    (@info) => { None };
    (@info ($type:ty = $default:expr)) => {
        Some((<$type as Argument>::PLACEHOLDER, $default.to_string()))
    };
    (@pattern $variant:ident) => { Self::$variant };
    (@pattern $variant:ident ($type:ty)) => { Self::$variant(_) };
    (@bound $variant:ident $argument:ident) => { Self::$variant };
    (@bound $variant:ident $argument:ident ($type:ty)) => { Self::$variant($argument) };
    (@text $argument:ident) => { None };
    (@text $argument:ident ($type:ty)) => { Some($argument.to_string()) };
    (@read $text:literal, $variant:ident, $argument:ident) => {
        match $argument {
            None => Ok(Self::$variant),
            Some(_) => Err(ViceError::NoArgument { name: $text }),
        }
    };
    (@read $text:literal, $variant:ident, $argument:ident ($type:ty = $default:expr)) => {
        match $argument {
            None => Ok(Self::$variant($default)),
            Some(argument) => <$type>::parse_argument(argument)
                .map(Self::$variant)
                .map_err(|source| ViceError::Argument { name: $text, source }),
        }
    };
}

vices! {
    /// Port closed: connections are refused
    "refuses" = Refuses,
    /// Port open, but what it speaks is TLS
    "speaks-tls" = SpeaksTls,
    /// Port open, but requests are not answered
    "mute" = Mute,
    /// Answers 404 in place of the upgrade to a websocket
    "answers-404" = Answers404,
    /// Answers 301 in place of the upgrade to a websocket
    "answers-301" = Answers301,
    /// Opens the socket, reads everything and says nothing
    "silent" = Silent,
    /// Says "Unknown validator" and closes the socket
    "unknown-validator" = UnknownValidator,
    /// Says "Inactive validator" and closes the socket
    "inactive-validator" = InactiveValidator,
    /// Has a clock that shows so much too much (negative: too little)
    "clock-off" = ClockOff(Seconds = Seconds(3_600)),
    /// Sends everything so much later
    "slow" = Slow(Milliseconds = Milliseconds(500)),
    /// Sends the manifest so much later
    "slow-manifest" = SlowManifest(Milliseconds = Milliseconds(500)),
    /// Answers reservations so much later
    "slow-accept" = SlowAccept(Milliseconds = Milliseconds(500)),
    /// Says so much later that the executor is ready or has failed
    "slow-ready" = SlowReady(Milliseconds = Milliseconds(500)),
    /// Sends results so much later
    "slow-result" = SlowResult(Milliseconds = Milliseconds(500)),
    /// Drops the socket without a word after this step, each time
    "drops" = Drops(Step = Step::Ready),
    /// Drops the socket without a word after this step, the first time
    "drops-once" = DropsOnce(Step = Step::Ready),
    /// Reads nothing any more after this step
    "stops-reading" = StopsReading(Step = Step::Ready),
    /// Closes the socket with code 1011 after this step
    "closes-1011" = Closes1011(Step = Step::Run),
    /// Sends a GenericError before it goes on with this step
    "generic-error" = SendsGenericError(Step = Step::Accept),
    /// Sends a frame that is not JSON before it goes on with this step
    "not-json" = NotJson(Step = Step::Manifest),
    /// Sends a frame without message_type before it goes on with this step
    "no-message-type" = NoMessageType(Step = Step::Manifest),
    /// Sends a message of an unknown type before it goes on with this step
    "unknown-message" = UnknownMessage(Step = Step::Manifest),
    /// Sends binary frames in place of text frames
    "binary-frames" = BinaryFrames,
    /// Sends a frame of this size after the manifest
    "huge-frame" = HugeFrame(Mebibytes = Mebibytes(60)),
    /// Sends so many pings while a socket is open
    "floods-pings" = FloodsPings(PerSecond = PerSecond(10_000)),
    /// Sends so many frames while a socket is open
    "floods-frames" = FloodsFrames(PerSecond = PerSecond(10_000)),
    /// Announces this number of executors of each class
    "manifest-count" = ManifestCount(Count = Count(-1)),
    /// Announces executors of a class that does not exist
    "manifest-unknown-class" = ManifestUnknownClass,
    /// Announces its executors as those of another class
    "manifest-other-class" = ManifestOtherClass,
    /// Sends a second manifest with twice the executors
    "two-manifests" = TwoManifests,
    /// Sends nothing but answers: no manifest
    "no-manifest" = NoManifest,
    /// Declines every reservation
    "declines" = Declines,
    /// Declines reservations for so long, from the first one on
    "busy-for" = BusyFor(Seconds = Seconds(3_600)),
    /// Says nothing to a reservation until an executor is free, up to 360 s
    "silent-when-busy" = SilentWhenBusy,
    /// The same, and handles no other message of the socket meanwhile, as the reference's miner
    "blocks-when-busy" = BlocksWhenBusy,
    /// Says that the executor is ready before it accepts the reservation
    "ready-before-accept" = ReadyBeforeAccept,
    /// Fails to prepare an executor after it has accepted
    "fails-to-prepare" = FailsToPrepare,
    /// Sends a result as soon as the executor is ready, before it was asked to run
    "finished-before-run" = FinishedBeforeRun,
    /// Says that the executor failed when it is asked to run
    "failed-after-ready" = FailedAfterReady,
    /// Reports that the job has failed with exit status 1
    "fails-jobs" = FailsJobs,
    /// Says everything about a job twice
    "twice" = Twice,
    /// Says everything about a job first with another uuid: of a job of another miner, of nobody, or of a finished job
    "others-uuids" = OthersUuids(Whose = Whose::Miner),
    /// Answers wrongly
    "wrong-answer" = WrongAnswer,
    /// Answers wrongly with a text as long as the job's volume
    "wrong-answer-of-payload-size" = WrongAnswerOfPayloadSize,
    /// Adds NUL, control characters and lone surrogates to the answer
    "odd-stdout" = OddStdout,
    /// Answers with a text of this size
    "large-stdout" = LargeStdout(Mebibytes = Mebibytes(40)),
    /// Drops the socket when it is asked to run, and gives the result so late after the next authentication
    "late-result" = LateResult(Milliseconds = Milliseconds(0)),
    /// Uploads so much later
    "late-upload" = LateUpload(Milliseconds = Milliseconds(60_000)),
    /// Uploads nothing, and reports that the job is finished
    "no-upload" = NoUpload,
    /// Writes other files of answers to prompts: wrong, other-seed, missing-keys, extra-keys, blank-keys, not-text, not-object, not-json, gzip, huge
    "odd-answers" = OddAnswers(AnswersFault = AnswersFault::Wrong),
    /// Answers prompts rightly the first time, and wrongly if their seed comes again
    "changes-answers" = ChangesAnswers,
    /// Writes another first series of a job: empty, one-line, fewer-lines, no-line-end, crlf, outer-blanks, line-separator, repeated-line, long-line, not-utf8, html-page
    "odd-series" = OddSeries(SeriesFault = SeriesFault::Empty),
}

impl FromStr for Vice {
    type Err = ViceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(SEPARATOR) {
            Some((name, argument)) => Self::read(name, Some(argument)),
            None => Self::read(text, None),
        }
    }
}

impl fmt::Display for Vice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())?;
        match self.argument_text() {
            Some(argument) => write!(formatter, "{SEPARATOR}{argument}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_vice_can_be_read_and_written() {
        for info in Vice::list() {
            let vice: Vice = info.name.parse().unwrap();
            assert_eq!(vice.name(), info.name);
            let text = vice.to_string();
            assert_eq!(text.parse(), Ok(vice));
            let default = info.argument.map(|(_, default)| default);
            assert_eq!(vice.argument_text(), default, "{text}");
        }
    }

    #[test]
    fn faulty_vices_are_named_with_their_remedy() {
        let unknown: ViceError = "sloth".parse::<Vice>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "\"sloth\" is not a vice; `horde-devnet vices` lists them"
        );
        assert!(matches!(unknown, ViceError::Unknown { .. }));
        let superfluous = "twice:3".parse::<Vice>();
        assert_eq!(superfluous, Err(ViceError::NoArgument { name: "twice" }));
        let Err(ViceError::Argument { name, source }) = "drops:lunch".parse::<Vice>() else {
            panic!("the step was accepted");
        };
        assert_eq!(name, "drops");
        let expected = "\"lunch\" is not a step: auth, manifest, accept, ready, run, result";
        assert_eq!(source.to_string(), expected);
        let Err(ViceError::Argument { source, .. }) = "slow:-1".parse::<Vice>() else {
            panic!("the delay was accepted");
        };
        assert_eq!(
            source.to_string(),
            "\"-1\" is not a number from 0 to 600000"
        );
    }
}
