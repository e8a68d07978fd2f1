//! Arguments of vices: amounts, and steps of a job.

use std::fmt;

use crate::choice::choice;

/// The longest delay: ten minutes.
const DELAY_MS_MAX: u64 = 600_000;
/// The largest frame, which the sender holds in memory.
const FRAME_MIB_MAX: u32 = 256;
/// The densest flood.
const FLOOD_PER_SECOND_MAX: u32 = 1_000_000;
/// The largest fault of a clock: ten years.
const CLOCK_SECONDS_MAX: i64 = 10 * 365 * 86_400;

/// Why a text is not the argument of a vice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct ArgumentError {
    /// The text.
    pub found: String,
    /// What it should be.
    pub expected: String,
}

impl ArgumentError {
    pub(super) fn new(found: &str, expected: String) -> Self {
        let found = found.to_owned();
        Self { found, expected }
    }
}

/// The argument of a vice.
pub(super) trait Argument: Sized + fmt::Display {
    /// What stands for the argument in a list of vices.
    const PLACEHOLDER: &'static str;

    fn parse_argument(text: &str) -> Result<Self, ArgumentError>;
}

macro_rules! amount {
    ($(#[$meta:meta])* $name:ident($type:ty) in $range:expr, $placeholder:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(pub $type);

        impl Argument for $name {
            const PLACEHOLDER: &'static str = $placeholder;

            fn parse_argument(text: &str) -> Result<Self, ArgumentError> {
                let range = $range;
                let amount = text.parse().ok().filter(|amount| range.contains(amount));
                amount.map(Self).ok_or_else(|| ArgumentError {
                    found: text.to_owned(),
                    expected: format!("a number from {} to {}", range.start(), range.end()),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

amount! {
    /// A delay.
    Milliseconds(u64) in 0..=DELAY_MS_MAX, "MS"
}
amount! {
    /// The size of a frame.
    Mebibytes(u32) in 1..=FRAME_MIB_MAX, "MIB"
}
amount! {
    /// The density of a flood.
    PerSecond(u32) in 1..=FLOOD_PER_SECOND_MAX, "PER_SECOND"
}
amount! {
    /// What a clock shows too much; negative if it is late.
    Seconds(i64) in -CLOCK_SECONDS_MAX..=CLOCK_SECONDS_MAX, "SECONDS"
}
amount! {
    /// A number of executors, possible or not.
    Count(i64) in i64::MIN..=i64::MAX, "COUNT"
}

/// A step in the life of a connection and a job, as the miner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The validator has authenticated itself; the manifest is not sent yet.
    Auth,
    /// The manifest is sent.
    Manifest,
    /// The answer to a reservation is sent.
    Accept,
    /// The executor is reported ready.
    Ready,
    /// The request to run is read.
    Run,
    /// The result is sent.
    Result,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 6] = [
        Self::Auth,
        Self::Manifest,
        Self::Accept,
        Self::Ready,
        Self::Run,
        Self::Result,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Manifest => "manifest",
            Self::Accept => "accept",
            Self::Ready => "ready",
            Self::Run => "run",
            Self::Result => "result",
        }
    }
}

choice! {
    /// Whose job a foreign uuid is of.
    Whose {
        /// The newest job of another miner of the network.
        Miner = "miner",
        /// A job that was never reserved.
        Nobody = "nobody",
        /// The job of the same miner that came to its end last.
        Finished = "finished",
    }
}

impl Argument for Whose {
    const PLACEHOLDER: &'static str = "WHOSE";

    fn parse_argument(text: &str) -> Result<Self, ArgumentError> {
        Self::find(text).map_err(|expected| ArgumentError::new(text, expected))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Argument for Step {
    const PLACEHOLDER: &'static str = "STEP";

    fn parse_argument(text: &str) -> Result<Self, ArgumentError> {
        let mut steps = Self::ALL.into_iter();
        steps
            .find(|step| step.as_str() == text)
            .ok_or_else(|| ArgumentError {
                found: text.to_owned(),
                expected: format!("a step: {}", Self::ALL.map(Self::as_str).join(", ")),
            })
    }
}
