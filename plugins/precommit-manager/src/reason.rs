//! Why something is not precommitted, in words for the operator.

use serde::Serialize;
use tig_plugin_api::Severity;
use tig_protocol::PreciseNumber;

/// Why a challenge is passed over.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "kind", content = "detail", rename_all = "snake_case")]
pub(crate) enum Reason {
    #[error("it has no entry in config.precommit_manager.algo_selection")]
    NoSelection,
    #[error("its configured weight is 0")]
    NoWeight,
    #[error("a selector gives it weight 0")]
    SelectedOff,
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
    #[serde(rename = "fraud_flagged")]
    Fraud(String),
    #[serde(rename = "algorithm_banned")]
    #[error("algorithm `{0}` is banned: configure another one")]
    Banned(String),
    #[error("algorithm `{0}` is not active at this block")]
    InactiveAlgorithm(String),
    #[error("algorithm `{0}` has no compiled wasm: configure another one")]
    NotCompiled(String),
    #[error("algorithm `{0}` has no download url")]
    NoDownloadUrl(String),
    #[error("the API does not state its fee at this block, and fees are limited")]
    FeeUnknown,
    #[error("its fee is beyond every balance")]
    FeeOverflow,
    #[error("its fee of {} TIG is above the balance of {} TIG: top it up", .fee.to_f64(), .left.to_f64())]
    #[serde(rename = "fee_balance_low")]
    BalanceTooLow {
        fee: PreciseNumber,
        left: PreciseNumber,
    },
    #[error("its fee of {} TIG is above its max_fee of {limit} TIG", .fee.to_f64())]
    FeeOverLimit { fee: PreciseNumber, limit: f64 },
    #[error("its fee of {} TIG is above what is left of budget_per_day, {left} TIG", .fee.to_f64())]
    #[serde(rename = "budget_reached")]
    BudgetSpent { fee: PreciseNumber, left: f64 },
    #[error(
        "the slaves need {needed_s} s for it, but its proof counts for {available_s} s only: configure fewer num_nonces, or add slaves"
    )]
    #[serde(rename = "cannot_finish_in_time")]
    TooSlow { needed_s: u64, available_s: u64 },
    #[error("no difficulty samples for this block yet")]
    NoSamples,
    #[error("all its difficulty samples are used")]
    SamplesUsed,
}

impl Reason {
    /// Its name, for programs: as in [`Serialize`].
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoSelection => "no_selection",
            Self::NoWeight => "no_weight",
            Self::SelectedOff => "selected_off",
            Self::UnknownChallenge { .. } => "unknown_challenge",
            Self::InactiveChallenge => "inactive_challenge",
            Self::UnknownAlgorithm { .. } => "unknown_algorithm",
            Self::Fraud(_) => "fraud_flagged",
            Self::Banned(_) => "algorithm_banned",
            Self::InactiveAlgorithm(_) => "inactive_algorithm",
            Self::NotCompiled(_) => "not_compiled",
            Self::NoDownloadUrl(_) => "no_download_url",
            Self::FeeUnknown => "fee_unknown",
            Self::FeeOverflow => "fee_overflow",
            Self::BalanceTooLow { .. } => "fee_balance_low",
            Self::FeeOverLimit { .. } => "fee_over_limit",
            Self::BudgetSpent { .. } => "budget_reached",
            Self::TooSlow { .. } => "cannot_finish_in_time",
            Self::NoSamples => "no_samples",
            Self::SamplesUsed => "samples_used",
        }
    }

    /// Info where the operator wants it or it passes by itself.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::NoSelection
            | Self::NoWeight
            | Self::SelectedOff
            | Self::InactiveChallenge
            | Self::FeeOverLimit { .. }
            | Self::BudgetSpent { .. }
            | Self::NoSamples
            | Self::SamplesUsed => Severity::Info,
            Self::UnknownChallenge { .. }
            | Self::UnknownAlgorithm { .. }
            | Self::Banned(_)
            | Self::InactiveAlgorithm(_)
            | Self::NotCompiled(_)
            | Self::NoDownloadUrl(_)
            | Self::FeeUnknown
            | Self::FeeOverflow
            | Self::TooSlow { .. } => Severity::Warning,
            Self::Fraud(_) | Self::BalanceTooLow { .. } => Severity::Critical,
        }
    }

    /// What to do about it; empty if there is nothing to do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::NoSelection => {
                "add it to config.precommit_manager.algo_selection if it should take part"
            }
            Self::NoWeight => "give it a weight above 0 if it should take part",
            Self::SelectedOff => "see the selector's panel if it should take part",
            Self::UnknownChallenge { .. } => {
                "correct the name in config.precommit_manager.algo_selection"
            }
            Self::UnknownAlgorithm { .. }
            | Self::Banned(_)
            | Self::InactiveAlgorithm(_)
            | Self::NotCompiled(_)
            | Self::NoDownloadUrl(_) => {
                "configure another algorithm for it in config.precommit_manager.algo_selection"
            }
            Self::Fraud(_) => {
                "find out which slaves computed it, and configure another algorithm until the cause is known"
            }
            Self::BalanceTooLow { .. } => "top up the fee balance",
            Self::FeeOverLimit { .. } => "wait until the fee falls, or raise its max_fee",
            Self::BudgetSpent { .. } => {
                "wait until fees of the last 24 hours fall, or raise budget_per_day"
            }
            Self::FeeUnknown => {
                "wait until the API states it; without max_fee and budget_per_day it is not waited for"
            }
            Self::FeeOverflow => "configure fewer num_nonces for it",
            Self::TooSlow { .. } => "configure fewer num_nonces for it, or add slaves",
            Self::InactiveChallenge | Self::NoSamples | Self::SamplesUsed => "",
        }
    }

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
    #[error("new work is paused: what is paid for is finished, nothing new is begun")]
    Paused,
    #[error("no block yet")]
    NoBlock,
    #[error("waiting for the difficulty samples of all challenges")]
    Waiting,
    #[error("block {0} is older than the last one with precommits: waiting for a newer one")]
    BlockIsOld(u32),
    #[error("max_precommits_per_block is reached")]
    BlockIsFull,
    #[error("{0} precommits have no proof yet: let the slaves catch up or add some")]
    #[serde(rename = "max_unresolved_reached")]
    TooManyUnresolved(usize),
    #[error(
        "the last {0} precommits were refused or could not be sent: pausing until the next block"
    )]
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
            Self::Paused => "paused",
            Self::NoBlock => "no_block",
            Self::Waiting => "waiting",
            Self::BlockIsOld(_) => "block_is_old",
            Self::BlockIsFull => "block_is_full",
            Self::TooManyUnresolved(_) => "max_unresolved_reached",
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
            | Self::Paused
            | Self::NoBlock
            | Self::Waiting
            | Self::BlockIsOld(_)
            | Self::BlockIsFull
            | Self::RateLimited(_)
            | Self::ApiPause
            | Self::NoCandidate => false,
        }
    }

    /// Refusals are a condition of their own.
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::TooManyUnresolved(_) => Severity::Warning,
            _ => Severity::Info,
        }
    }

    /// What to do about it; empty if there is nothing to do.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Paused => "resume: `tig-host resume`",
            Self::TooManyUnresolved(_) => {
                "add slaves, or raise max_unresolved if they can prove more in time"
            }
            Self::TooManyRejections(_) => {
                "see in the log why the API refuses them, such as key, balance or settings, or why it cannot be reached"
            }
            Self::RateLimited(_) => {
                "raise posts_per_minute of the API host in `http` of the config if it takes more"
            }
            Self::NoCandidate => "see the reasons of the challenges",
            Self::BlockIsOld(_) => {
                "wait for the next block; if they stay old, see which API node answers at `api_url`. After a reset of the network it lasts until the height is reached again: wait, or start with a new store"
            }
            Self::Draining | Self::NoBlock | Self::Waiting | Self::BlockIsFull | Self::ApiPause => {
                ""
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_kinds_of_the_json() {
        let name = || "a".to_owned();
        let fee = PreciseNumber::ONE;
        let unknown = |nearest| Reason::UnknownAlgorithm {
            algorithm: name(),
            nearest,
        };
        let reasons = [
            Reason::NoSelection,
            Reason::NoWeight,
            Reason::SelectedOff,
            Reason::UnknownChallenge { nearest: None },
            Reason::InactiveChallenge,
            unknown(None),
            Reason::Fraud(name()),
            Reason::Banned(name()),
            Reason::InactiveAlgorithm(name()),
            Reason::NotCompiled(name()),
            Reason::NoDownloadUrl(name()),
            Reason::FeeUnknown,
            Reason::FeeOverflow,
            Reason::BalanceTooLow { fee, left: fee },
            Reason::FeeOverLimit { fee, limit: 1.0 },
            Reason::BudgetSpent { fee, left: 1.0 },
            Reason::TooSlow {
                needed_s: 1,
                available_s: 1,
            },
            Reason::NoSamples,
            Reason::SamplesUsed,
        ];
        for reason in &reasons {
            assert_eq!(kind(reason), reason.code());
        }
        let holds = [
            Hold::Draining,
            Hold::Paused,
            Hold::NoBlock,
            Hold::Waiting,
            Hold::BlockIsOld(1),
            Hold::BlockIsFull,
            Hold::TooManyUnresolved(1),
            Hold::TooManyRejections(1),
            Hold::RateLimited(1),
            Hold::ApiPause,
            Hold::NoCandidate,
        ];
        for hold in &holds {
            assert_eq!(kind(hold), hold.code());
        }
    }

    fn kind(reason: &impl Serialize) -> String {
        let json = serde_json::to_value(reason).unwrap();
        json["kind"].as_str().unwrap().to_owned()
    }
}
