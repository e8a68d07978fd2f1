//! All faults, each with its name, its argument and its meaning.

use super::call::Scope;
use super::error::ParseFaultError;

/// The longest delay: ten minutes.
const ANSWER_DELAY_MS_MAX: u32 = 600_000;
/// The largest body.
const BODY_MIB_MAX: u32 = 1_024;
/// The most neurons that are shown.
const SHOWN_NEURONS_COUNT_MAX: u32 = 10_000;
/// The longest hash, in hex digits.
const HASH_DIGITS_COUNT_MAX: u32 = 10_000;

/// A fault as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFaultInfo {
    /// The name, which stands before the colon.
    pub name: &'static str,
    /// What stands behind the colon, and the value if nothing does.
    pub argument: Option<(&'static str, u32)>,
    /// What the service does.
    pub meaning: &'static str,
}

macro_rules! faults {
    ($(
        #[doc = $meaning:literal]
        $text:literal = $variant:ident $(($placeholder:literal in $min:literal..=$max:expr, $default:literal))? for $scope:ident,
    )*) => {
        /// What the service of the chain does wrong. Amounts are in brackets.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FaultKind {
            $(#[doc = $meaning] $variant $((faults!(@number $default)))?,)*
        }

        impl FaultKind {
            /// Every fault.
            pub fn list() -> Vec<ChainFaultInfo> {
                vec![$(ChainFaultInfo {
                    name: $text,
                    argument: faults!(@info $($placeholder, $default)?),
                    meaning: $meaning.trim_ascii(),
                },)*]
            }

            /// The name, without an argument.
            pub const fn name(self) -> &'static str {
                match self {
                    $(faults!(@pattern $variant $($default)?) => $text,)*
                }
            }

            pub(super) fn argument(self) -> Option<u32> {
                match self {
                    $(faults!(@bound $variant argument $($default)?) => faults!(@value argument $($default)?),)*
                }
            }

            pub(super) fn scope(self) -> Scope {
                match self {
                    $(faults!(@pattern $variant $($default)?) => Scope::$scope,)*
                }
            }

            pub(super) fn read(name: &str, argument: Option<&str>) -> Result<Self, ParseFaultError> {
                match name {
                    $($text => faults!(@read $text, $variant, argument $(, $min, $max, $default)?),)*
                    other => Err(ParseFaultError::Unknown { found: other.to_owned() }),
                }
            }
        }
    };
    (@number $default:literal) => { u32 };
    (@info) => { None };
    (@info $placeholder:literal, $default:literal) => { Some(($placeholder, $default)) };
    (@pattern $variant:ident) => { Self::$variant };
    (@pattern $variant:ident $default:literal) => { Self::$variant(_) };
    (@bound $variant:ident $argument:ident) => { Self::$variant };
    (@bound $variant:ident $argument:ident $default:literal) => { Self::$variant($argument) };
    (@value $argument:ident) => { None };
    (@value $argument:ident $default:literal) => { Some($argument) };
    (@read $text:literal, $variant:ident, $argument:ident) => {
        match $argument {
            None => Ok(Self::$variant),
            Some(_) => Err(ParseFaultError::NoArgument { name: $text }),
        }
    };
    (@read $text:literal, $variant:ident, $argument:ident, $min:literal, $max:expr, $default:literal) => {
        match $argument {
            None => Ok(Self::$variant($default)),
            Some(argument) => number($text, $min, $max, argument).map(Self::$variant),
        }
    };
}

faults! {
    /// Port closed: connections are refused
    "gone" = Gone for Port,
    /// Port open, but what it speaks is TLS
    "speaks-tls" = SpeaksTls for Port,
    /// Does not answer or do anything; the connection ends after this time
    "hangs" = Hangs("MS" in 0..=ANSWER_DELAY_MS_MAX, 30_000) for Requests,
    /// Answers so much later
    "slow" = Slow("MS" in 0..=ANSWER_DELAY_MS_MAX, 2_000) for Requests,
    /// Answers this status and does nothing
    "status" = Status("CODE" in 400..=599, 500) for Requests,
    /// Cuts answers short: the connection ends in their middle
    "cut-short" = CutShort for Requests,
    /// Answers a web page, with status 200
    "html" = Html for Requests,
    /// Answers a body of this size that never becomes JSON
    "huge" = Huge("MIB" in 1..=BODY_MIB_MAX, 100) for Requests,
    /// Shows block numbers as texts
    "block-numbers-as-texts" = BlockNumbersAsTexts for Blocks,
    /// Shows block 0 as the block
    "block-zero" = BlockZero for Blocks,
    /// Shows hashes with so many digits
    "hash-digits" = HashDigits("COUNT" in 0..=HASH_DIGITS_COUNT_MAX, 40) for Blocks,
    /// Shows another hash for the same block, as a service that is on another fork
    "other-hash" = OtherHash for Blocks,
    /// Shows a neuron twice: the same key again
    "neuron-twice" = NeuronTwice for Neurons,
    /// Shows two neurons with one uid
    "uid-twice" = UidTwice for Neurons,
    /// Shows a hotkey that is not an SS58 address
    "not-ss58" = NotSs58 for Neurons,
    /// Shows NaN as a stake, as Python writes it
    "stake-nan" = StakeNan for Neurons,
    /// Shows a stake below 0
    "stake-negative" = StakeNegative for Neurons,
    /// Shows so many neurons
    "neuron-count" = NeuronCount("COUNT" in 0..=SHOWN_NEURONS_COUNT_MAX, 300) for Neurons,
    /// Shows axons with an IPv6 address
    "axon-ipv6" = AxonIpv6 for Neurons,
    /// Shows axons at 0.0.0.0
    "axon-unset" = AxonUnset for Neurons,
    /// Shows axons with this port
    "axon-port" = AxonPort("PORT" in 0..=u32::MAX, 70_000) for Neurons,
    /// Shows the neurons of another subnet: none of ours
    "other-netuid" = OtherNetuid for Neurons,
    /// Does nothing wrong; takes a turn in a list of faults with counts
    "accepts" = Accepts for Weights,
    /// Refuses, and nothing reaches the chain
    "refuses" = Refuses for Weights,
    /// Says that it is in a block, and it is not
    "forgets" = Forgets for Weights,
    /// Refuses, and it is in the next block all the same
    "refuses-but-includes" = RefusesButIncludes for Weights,
    /// Answers 500, and it is in the next block all the same
    "fails-but-includes" = FailsButIncludes for Weights,
    /// Does not answer, and it is in the next block all the same; the connection ends after this time
    "hangs-but-includes" = HangsButIncludes("MS" in 0..=ANSWER_DELAY_MS_MAX, 30_000) for Weights,
    /// Makes no block when it is time
    "stands-still" = StandsStill for NewBlocks,
    /// Rolls so many blocks back when it is time for a new one, and makes none; once, if no count is given
    "rolls-back" = RollsBack("BLOCKS" in 1..=u32::MAX, 1) for NewBlocks,
    /// Replaces so many blocks by others when it is time for a new one; once, if no count is given
    "forks" = Forks("BLOCKS" in 1..=u32::MAX, 1) for NewBlocks,
}

fn number(name: &'static str, min: u32, max: u32, text: &str) -> Result<u32, ParseFaultError> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| ParseFaultError::Argument {
        name,
        min,
        max,
        found: text.to_owned(),
    })
}
