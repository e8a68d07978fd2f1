//! What came of a call (the devnet's chain for commitments; Pylon for the rest).

use horde_events::{ChainResult, CommitOnChain, SubnetLimits};
use serde::Deserialize;

use super::block::RawBlock;
use super::{Unreadable, from_json, read_hash};
use crate::limits::COMMITS_COUNT_MAX;

#[derive(Deserialize)]
struct ScheduleAnswer {
    #[serde(rename = "count")]
    _count: u32,
}

#[derive(Deserialize)]
struct InclusionAnswer {
    #[serde(rename = "block")]
    _block: u32,
}

#[derive(Deserialize)]
struct CommitsAnswer {
    block: RawBlock,
    commits: Vec<RawCommit>,
}

#[derive(Deserialize)]
struct RawCommit {
    commit_hash: String,
    block: u32,
}

#[derive(Deserialize)]
struct LimitsAnswer {
    min_allowed_weights: u32,
    max_weight_limit: f64,
    commit_reveal_weights_enabled: bool,
    commit_reveal_weights_interval: u32,
}

/// Weights are scheduled.
pub(crate) fn read_schedule(body: &[u8]) -> Result<ChainResult, Unreadable> {
    from_json::<ScheduleAnswer>(body)?;
    Ok(ChainResult::Done)
}

/// An extrinsic is in a block.
pub(crate) fn read_inclusion(body: &[u8]) -> Result<ChainResult, Unreadable> {
    from_json::<InclusionAnswer>(body)?;
    Ok(ChainResult::Done)
}

pub(crate) fn read_commits(body: &[u8]) -> Result<ChainResult, Unreadable> {
    let answer: CommitsAnswer = from_json(body)?;
    if answer.commits.len() > COMMITS_COUNT_MAX {
        return Err(Unreadable::OutOfBounds("the number of commits"));
    }
    let commits = answer.commits.into_iter().map(|commit| {
        Ok(CommitOnChain {
            commit_hash: read_hash(&commit.commit_hash)?,
            block: commit.block,
        })
    });
    Ok(ChainResult::Commits {
        block: answer.block.read()?.number,
        commits: commits.collect::<Result<_, _>>()?,
    })
}

pub(crate) fn read_limits(body: &[u8]) -> Result<ChainResult, Unreadable> {
    let answer: LimitsAnswer = from_json(body)?;
    if !(answer.max_weight_limit > 0.0 && answer.max_weight_limit <= 1.0) {
        return Err(Unreadable::OutOfBounds("`max_weight_limit`"));
    }
    if answer.commit_reveal_weights_interval == 0 {
        return Err(Unreadable::OutOfBounds("`commit_reveal_weights_interval`"));
    }
    Ok(ChainResult::Limits(SubnetLimits {
        min_allowed_weights: answer.min_allowed_weights,
        max_weight_limit: answer.max_weight_limit,
        is_commit_reveal: answer.commit_reveal_weights_enabled,
        commit_reveal_interval: answer.commit_reveal_weights_interval,
    }))
}
