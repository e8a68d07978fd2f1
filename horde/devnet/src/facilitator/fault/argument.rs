//! Arguments of faults.

use std::fmt;

use crate::choice::choice;
use crate::vice::{Milliseconds, Seconds};

/// The largest argument of a job: twice the frame that a facilitator takes itself.
const ARGUMENT_KIB_MAX: u32 = 2_048;
/// Attempts at a status that get no answer.
const UNANSWERED_ATTEMPTS_MAX: u32 = 1_000_000;
/// The longest delay: ten minutes.
const FAULT_DELAY_MS_MAX: u64 = 600_000;
/// The oldest signature: ten years.
const SIGNATURE_AGE_SECONDS_MAX: i64 = 10 * 365 * 86_400;

/// Marks the argument of a fault that happens the first time only.
const ONCE_SUFFIX: &str = "-once";

/// The argument of a fault.
pub(super) trait FaultArgument: Sized + fmt::Display {
    /// What stands for the argument in a list of faults.
    const PLACEHOLDER: &'static str;

    /// The argument with this text, or what it should be.
    fn parse(text: &str) -> Result<Self, String>;
}

/// The size of an argument of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kibibytes(pub u32);

/// Attempts at a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts(pub u32);

macro_rules! numbers {
    ($($type:ident in $range:expr, $placeholder:literal;)*) => {$(
        impl FaultArgument for $type {
            const PLACEHOLDER: &'static str = $placeholder;

            fn parse(text: &str) -> Result<Self, String> {
                let range = $range;
                let number = text.parse().ok().filter(|number| range.contains(number));
                number
                    .map(Self)
                    .ok_or_else(|| format!("a number from {} to {}", range.start(), range.end()))
            }
        }
    )*};
}

numbers! {
    Milliseconds in 1..=FAULT_DELAY_MS_MAX, "MS";
    Seconds in 1..=SIGNATURE_AGE_SECONDS_MAX, "SECONDS";
    Kibibytes in 1..=ARGUMENT_KIB_MAX, "KIB";
    Attempts in 1..=UNANSWERED_ATTEMPTS_MAX, "COUNT";
}

impl fmt::Display for Kibibytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for Attempts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

choice! {
    /// A step in the life of a connection.
    FaultStep {
        /// It was opened; nothing is read yet.
        Connect = "connect",
        /// The validator has authenticated itself, and the answer is sent.
        Auth = "auth",
        /// A job was sent.
        Job = "job",
        /// A status was stored; its answer is not sent.
        Status = "status",
    }
}

choice! {
    /// A field that the signature of a V2 request covers.
    SignedField {
        /// `executor_class`.
        ExecutorClass = "executor_class",
        /// `docker_image`.
        DockerImage = "docker_image",
        /// `raw_script`.
        RawScript = "raw_script",
        /// `args`.
        Args = "args",
        /// `env`.
        Env = "env",
        /// `use_gpu`.
        UseGpu = "use_gpu",
        /// `volume`.
        Volume = "volume",
        /// `output_upload`.
        OutputUpload = "output_upload",
    }
}

impl FaultArgument for SignedField {
    const PLACEHOLDER: &'static str = "FIELD";

    fn parse(text: &str) -> Result<Self, String> {
        Self::find(text)
    }
}

/// A step at which a connection ends, each time or only the first time; `job`, or `job-once`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The step.
    pub step: FaultStep,
    /// Whether the first connection that comes to the step is the only one.
    pub is_once: bool,
}

impl When {
    /// At this step, each time.
    pub const fn always(step: FaultStep) -> Self {
        let is_once = false;
        Self { step, is_once }
    }
}

impl fmt::Display for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.is_once { ONCE_SUFFIX } else { "" };
        write!(formatter, "{}{suffix}", self.step)
    }
}

impl FaultArgument for When {
    const PLACEHOLDER: &'static str = "STEP[-once]";

    fn parse(text: &str) -> Result<Self, String> {
        let (step, is_once) = match text.strip_suffix(ONCE_SUFFIX) {
            Some(step) => (step, true),
            None => (text, false),
        };
        let step = FaultStep::find(step)?;
        Ok(Self { step, is_once })
    }
}
