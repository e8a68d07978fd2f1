//! A chain with salted commitments, as the devnet's: what it holds is what counts.

use std::collections::VecDeque;

use horde_calc::schedule::BlockRange;
use horde_calc::weights::{CommitInterval, CommitSettings, WeightsCommit};
use horde_events::{ChainRequest, CommitOnChain, SubnetLimits};

use super::*;

pub(super) const NETUID: u16 = 49;
pub(super) const OWN_ACCOUNT: [u8; 32] = [7; 32];

/// What the chain does with one request to set, commit or reveal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// As the rules say.
    Accept,
    /// No answer; the chain does not have it.
    Hang,
    /// No answer; the chain has it.
    HangIncluded,
    /// It fails on the way.
    Fail,
    /// Refused.
    Refuse,
    /// Refused, and included.
    RefuseIncluded,
    /// Done, and forgotten.
    Forget,
}

pub(super) struct Neuron {
    pub(super) hotkey: String,
    pub(super) last_update: u32,
}

/// A reveal or a setting of weights that the chain has included.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Included {
    pub(super) block: u32,
    pub(super) request: Value,
}

pub(super) struct Chain {
    pub(super) block: u32,
    /// By uid.
    pub(super) neurons: Vec<Neuron>,
    pub(super) commits: Vec<CommitOnChain>,
    pub(super) included: Vec<Included>,
    /// Hashes of all requests to commit, whatever became of them.
    pub(super) commit_hashes: Vec<String>,
    /// Fates of the next requests; then all are accepted.
    pub(super) fates: VecDeque<Fate>,
    pub(super) limits: Option<SubnetLimits>,
    /// Whether readings are answered.
    pub(super) is_readable: bool,
    /// Readings of commitments so far.
    pub(super) readings: usize,
}

impl Chain {
    /// This validator has uid 0, and so many miners follow.
    pub(super) fn new(block: u32, miners: u8) -> Self {
        let own = tig_keyring::PublicKey::from_bytes(OWN_ACCOUNT).to_ss58();
        let hotkeys = std::iter::once(own).chain((0..miners).map(hotkey));
        Self {
            block,
            neurons: hotkeys
                .map(|hotkey| Neuron {
                    hotkey,
                    last_update: 1,
                })
                .collect(),
            commits: Vec::new(),
            included: Vec::new(),
            commit_hashes: Vec::new(),
            fates: VecDeque::new(),
            limits: None,
            is_readable: true,
            readings: 0,
        }
    }

    pub(super) fn limits() -> SubnetLimits {
        SubnetLimits {
            min_allowed_weights: 1,
            max_weight_limit: 1.0,
            is_commit_reveal: true,
            commit_reveal_interval: 722,
        }
    }

    pub(super) fn neurons_event(&self) -> Value {
        let neurons = self.neurons.iter().enumerate();
        let neurons = neurons.map(|(uid, neuron)| {
            json!({
                "uid": uid, "hotkey": neuron.hotkey, "total_stake": 1.0, "axon": null,
                "last_update": neuron.last_update,
            })
        });
        let neurons: Vec<_> = neurons.collect();
        json!({ "wanted": null, "block": self.block, "hash": "0x", "neurons": neurons })
    }

    /// The answer to a call; `None` if none comes.
    pub(super) fn call(&mut self, request: &ChainRequest) -> Option<ChainResult> {
        match request {
            ChainRequest::ReadCommits => {
                self.readings += 1;
                self.expire();
                let (block, commits) = (self.block, self.commits.clone());
                self.is_readable
                    .then_some(ChainResult::Commits { block, commits })
            }
            ChainRequest::ReadLimits => Some(match &self.limits {
                Some(limits) => ChainResult::Limits(limits.clone()),
                None => refused("404: no such route"),
            }),
            _ => self.extrinsic(request),
        }
    }

    fn extrinsic(&mut self, request: &ChainRequest) -> Option<ChainResult> {
        if let ChainRequest::CommitWeights { commit_hash } = request {
            self.commit_hashes.push(commit_hash.clone());
        }
        let fate = self.fates.pop_front().unwrap_or(Fate::Accept);
        let taken = match fate {
            Fate::Accept | Fate::HangIncluded | Fate::RefuseIncluded => self.include(request),
            Fate::Hang | Fate::Fail | Fate::Refuse | Fate::Forget => Ok(()),
        };
        Some(match (fate, taken) {
            (Fate::Hang | Fate::HangIncluded, _) => return None,
            (_, Err(reason)) => refused(reason),
            (Fate::Fail, _) => ChainResult::Failed {
                reason: "connection reset".to_owned(),
            },
            (Fate::Refuse | Fate::RefuseIncluded, _) => refused("the pool is full"),
            (Fate::Accept | Fate::Forget, Ok(())) => ChainResult::Done,
        })
    }

    fn include(&mut self, request: &ChainRequest) -> Result<(), &'static str> {
        let (block, current) = (self.block, interval(self.block));
        let own = self.neurons.first_mut().ok_or("not registered")?;
        match request {
            ChainRequest::CommitWeights { commit_hash } => {
                let mut blocks = self.commits.iter().map(|commit| commit.block);
                if blocks.any(|block| current.contains(block)) {
                    return Err("committing too fast");
                }
                let commit_hash = commit_hash.clone();
                self.commits.push(CommitOnChain { commit_hash, block });
            }
            ChainRequest::RevealWeights {
                uids,
                values,
                salt,
                version_key,
            } => {
                let commit = WeightsCommit {
                    netuid: NETUID,
                    uids: uids.clone(),
                    values: values.clone(),
                    salt: salt.clone(),
                    version_key: *version_key,
                };
                let hash = commit.hash(&OWN_ACCOUNT).map_err(|_| "not weights")?;
                let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                let hash = format!("0x{digits}");
                let mut commits = self.commits.iter();
                let found = commits.position(|commit| commit.commit_hash == hash);
                let found = found.ok_or("no such commitment")?;
                let committed = interval(self.commits[found].block);
                if current.start != committed.stop {
                    return Err("not in its reveal interval");
                }
                self.commits.remove(found);
                own.last_update = block;
                note(&mut self.included, block, request);
            }
            _ => {
                own.last_update = block;
                note(&mut self.included, block, request);
            }
        }
        Ok(())
    }

    /// The first request to commit is in the newest block after all.
    pub(super) fn include_first_commit(&mut self) {
        let (commit_hash, block) = (self.commit_hashes[0].clone(), self.block);
        self.commits.push(CommitOnChain { commit_hash, block });
    }

    /// Drops commitments that can never be revealed.
    fn expire(&mut self) {
        let start = interval(self.block).start;
        let intervals: Vec<_> = self.commits.iter().map(|it| interval(it.block)).collect();
        let mut intervals = intervals.into_iter();
        self.commits
            .retain(|_| intervals.next().is_some_and(|it| it.stop >= start));
    }
}

fn note(included: &mut Vec<Included>, block: u32, request: &ChainRequest) {
    included.push(Included {
        block,
        request: serde_json::to_value(request).unwrap(),
    });
}

fn interval(block: u32) -> BlockRange {
    CommitInterval::containing(block, CommitSettings::default()).blocks
}

fn refused(reason: &str) -> ChainResult {
    ChainResult::Refused {
        reason: reason.to_owned(),
    }
}
