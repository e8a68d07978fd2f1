//! Why something is not precommitted, in words for the operator.

use serde::Serialize;
use tig_protocol::PreciseNumber;

/// Why a challenge is passed over.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
pub(crate) enum Reason {
    #[error("it has no entry in config.precommit_manager.algo_selection")]
    NoSelection,
    #[error("its configured weight is 0")]
    NoWeight,
    #[error("the network has no such challenge{}", did_you_mean(.nearest))]
    UnknownChallenge { nearest: Option<String> },
    #[error("it is not active at this block")]
    InactiveChallenge,
    #[error("it has no algorithm `{algorithm}`{}", did_you_mean(.nearest))]
    UnknownAlgorithm {
        algorithm: String,
        nearest: Option<String>,
    },
    #[error(
        "a benchmark with algorithm `{0}` was flagged as fraud: find out why, or configure another one"
    )]
    Fraud(String),
    #[error("algorithm `{0}` is banned: configure another one")]
    Banned(String),
    #[error("algorithm `{0}` is not active at this block")]
    InactiveAlgorithm(String),
    #[error("algorithm `{0}` has no compiled wasm: configure another one")]
    NotCompiled(String),
    #[error("algorithm `{0}` has no download url")]
    NoDownloadUrl(String),
    #[error("its fee is beyond every balance")]
    FeeOverflow,
    #[error("its fee of {} TIG is above the balance of {} TIG: top it up", .fee.to_f64(), .left.to_f64())]
    BalanceTooLow {
        fee: PreciseNumber,
        left: PreciseNumber,
    },
    #[error("its fee of {} TIG is above its max_fee of {limit} TIG", .fee.to_f64())]
    FeeOverLimit { fee: PreciseNumber, limit: f64 },
    #[error("its fee of {} TIG is above what is left of budget_per_day, {left} TIG", .fee.to_f64())]
    BudgetSpent { fee: PreciseNumber, left: f64 },
    #[error(
        "the slaves need {needed_s} s for it, but its proof counts for {available_s} s only: configure fewer num_nonces, or add slaves"
    )]
    TooSlow { needed_s: u64, available_s: u64 },
    #[error("no difficulty samples for this block yet")]
    NoSamples,
    #[error("all its difficulty samples are used")]
    SamplesUsed,
}

impl Reason {
    /// Whether it depends on amounts, so that a person should hear of it when it comes up.
    pub(crate) fn is_shortage(&self) -> bool {
        matches!(
            self,
            Self::BalanceTooLow { .. } | Self::BudgetSpent { .. } | Self::TooSlow { .. }
        )
    }
}

/// Why nothing at all is precommitted for now.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
pub(crate) enum Hold {
    #[error("the host is draining: what is paid for is finished, nothing new is begun")]
    Draining,
    #[error("no block yet")]
    NoBlock,
    #[error("waiting for the difficulty samples of all challenges")]
    Waiting,
    #[error("max_precommits_per_block is reached")]
    BlockIsFull,
    #[error("{0} precommits have no proof yet: let the slaves catch up or add some")]
    TooManyUnresolved(usize),
    #[error("the last {0} precommits were refused: pausing until the next block")]
    TooManyRejections(u32),
    #[error(
        "{0} precommits a minute may go to the API, and as many have gone: raise posts_per_minute of the API host in `http` of the config if it takes more"
    )]
    RateLimited(u32),
    #[error("the API has asked for a pause")]
    ApiPause,
    #[error("no challenge can be precommitted")]
    NoCandidate,
}

impl Hold {
    /// Its name, for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::NoBlock => "no_block",
            Self::Waiting => "waiting",
            Self::BlockIsFull => "block_is_full",
            Self::TooManyUnresolved(_) => "too_many_unresolved",
            Self::TooManyRejections(_) => "too_many_rejections",
            Self::RateLimited(_) => "rate_limited",
            Self::ApiPause => "api_pause",
            Self::NoCandidate => "no_candidate",
        }
    }

    /// Whether a person should hear of it; the others belong to every block.
    pub(crate) fn is_trouble(self) -> bool {
        match self {
            Self::TooManyUnresolved(_) | Self::TooManyRejections(_) => true,
            Self::Draining
            | Self::NoBlock
            | Self::Waiting
            | Self::BlockIsFull
            | Self::RateLimited(_)
            | Self::ApiPause
            | Self::NoCandidate => false,
        }
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// Below this similarity (of at most 1) a name is not suggested.
const SIMILARITY_MIN: f64 = 0.8;

/// The known name that `name` may have been meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|&(similarity, _)| similarity >= SIMILARITY_MIN)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known.to_owned())
}
