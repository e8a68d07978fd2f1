//! What one block says: neurons, rules, commitments and weights. Blocks share what does not change between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use horde_calc::weights::WeightsCommit;
use tig_keyring::PublicKey;

use super::account::{Account, OpenCommit, WeightsOnChain};
use super::change::NeuronChange;
use super::config::SubnetRules;
use super::extrinsic::{Extrinsic, Refusal, WeightVector};
use super::neuron::Neuron;

/// Rounding of weights to 16 bits may put a share above its limit by this.
const SHARE_TOLERANCE: f64 = 1.0 / 65_535.0;

/// A timelocked commitment that the chain has revealed.
#[derive(Clone, Debug)]
pub(super) struct ChainReveal {
    pub(super) hotkey: String,
    pub(super) weights: WeightVector,
    pub(super) result: Result<(), Refusal>,
}

/// What a block says.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// In the order of their uids, which have no gaps.
    pub(super) neurons: Arc<Vec<Neuron>>,
    pub(super) rules: SubnetRules,
    accounts: Arc<BTreeMap<String, Account>>,
    netuid: u16,
}

impl State {
    pub(super) fn new(neurons: Vec<Neuron>, rules: SubnetRules, netuid: u16) -> Self {
        Self {
            neurons: Arc::new(neurons),
            rules,
            accounts: Arc::default(),
            netuid,
        }
    }

    pub(super) fn open_commits(&self, hotkey: &str, block: u32) -> Vec<OpenCommit> {
        let interval = self.rules.commit_reveal_weights_interval;
        let account = self.accounts.get(hotkey);
        account.map_or_else(Vec::new, |account| account.open_commits(block, interval))
    }

    pub(super) fn weights(&self, hotkey: &str) -> Option<&WeightsOnChain> {
        self.accounts.get(hotkey)?.weights.as_ref()
    }

    /// The last weights of each hotkey that has set some.
    pub(super) fn all_weights(&self) -> impl Iterator<Item = (&String, &WeightsOnChain)> {
        let accounts = self.accounts.iter();
        accounts.filter_map(|(hotkey, account)| Some((hotkey, account.weights.as_ref()?)))
    }

    pub(super) fn hotkeys(&self) -> impl Iterator<Item = &str> {
        self.neurons.iter().map(|neuron| neuron.hotkey.as_str())
    }

    /// Makes a change that was checked when it was ordered. It may have become impossible since, if blocks were rolled back.
    pub(super) fn change(&mut self, change: &NeuronChange, block: u32) {
        if change
            .apply(Arc::make_mut(&mut self.neurons), block)
            .is_err()
        {
            return;
        }
        if let NeuronChange::Deregister { hotkey, .. } = change {
            self.account(hotkey).forget_weights();
        }
    }

    /// What the chain does of itself in a block: reveals of timelocked commitments whose interval is over.
    pub(super) fn begin_block(&mut self, block: u32) -> Vec<ChainReveal> {
        let interval = self.rules.commit_reveal_weights_interval;
        let has_due = |account: &Account| account.has_timelocked(block, interval);
        let due: Vec<String> = (self.accounts.iter())
            .filter(|(_, account)| has_due(account))
            .map(|(hotkey, _)| hotkey.clone())
            .collect();
        let mut reveals = Vec::new();
        for hotkey in due {
            let account = self.account(&hotkey);
            let taken = account.take_timelocked(block, interval);
            let Some((weights, version_key)) = taken else {
                continue;
            };
            let result = self.show(&hotkey, &weights, version_key, block);
            reveals.push(ChainReveal {
                hotkey,
                weights,
                result,
            });
        }
        reveals
    }

    fn show(
        &mut self,
        hotkey: &str,
        weights: &WeightVector,
        version_key: u64,
        block: u32,
    ) -> Result<(), Refusal> {
        self.uid(hotkey)?;
        self.check_weights(weights)?;
        self.account(hotkey).weights = Some(WeightsOnChain {
            weights: weights.clone(),
            version_key,
            block,
        });
        Ok(())
    }

    /// Does what a hotkey asks for, in this block; a refusal changes nothing.
    pub(super) fn apply(
        &mut self,
        hotkey: &str,
        extrinsic: &Extrinsic,
        block: u32,
    ) -> Result<(), Refusal> {
        let uid = self.uid(hotkey)?;
        let interval = self.rules.commit_reveal_weights_interval;
        match extrinsic {
            Extrinsic::Set {
                weights,
                version_key,
            } => {
                self.check_commit_reveal(false)?;
                let limit = self.rules.weights_rate_limit;
                self.account(hotkey).check_rate(block, limit)?;
                self.check_weights(weights)?;
                self.account(hotkey).set(WeightsOnChain {
                    weights: weights.clone(),
                    version_key: *version_key,
                    block,
                });
                self.note_update(uid, block);
            }
            Extrinsic::Commit { commit_hash } => {
                self.check_commit_reveal(true)?;
                let account = self.account(hotkey);
                account.forget_commits(block, interval);
                account.commit(commit_hash, block, interval)?;
                self.note_update(uid, block);
            }
            Extrinsic::TimelockedCommit {
                weights,
                version_key,
            } => {
                self.check_commit_reveal(true)?;
                let account = self.account(hotkey);
                account.commit_timelocked(weights.clone(), *version_key, block, interval)?;
                self.note_update(uid, block);
            }
            // The chain's own reveals do not count as updates, and neither do these.
            Extrinsic::Reveal {
                weights,
                salt,
                version_key,
            } => {
                self.check_commit_reveal(true)?;
                let hash = self.commit_hash(hotkey, weights, salt, *version_key)?;
                // What the commitment is of must be right before it counts as revealed.
                let mut account = self.account(hotkey).clone();
                account.reveal(&hash, block, interval)?;
                self.check_weights(weights)?;
                account.weights = Some(WeightsOnChain {
                    weights: weights.clone(),
                    version_key: *version_key,
                    block,
                });
                *self.account(hotkey) = account;
            }
        }
        Ok(())
    }

    fn commit_hash(
        &self,
        hotkey: &str,
        weights: &WeightVector,
        salt: &[u16],
        version_key: u64,
    ) -> Result<String, Refusal> {
        let key = PublicKey::from_ss58(hotkey);
        let key = key.map_err(|_| Refusal::HotKeyNotRegisteredInSubNet)?;
        let commit = WeightsCommit {
            netuid: self.netuid,
            uids: weights.uids.clone(),
            values: weights.values.clone(),
            salt: salt.to_vec(),
            version_key,
        };
        let hash = commit.hash(key.as_bytes());
        let hash = hash.map_err(|_| Refusal::WeightVecNotEqualSize)?;
        Ok(format!("0x{}", hex::encode(hash)))
    }

    fn check_commit_reveal(&self, is_needed: bool) -> Result<(), Refusal> {
        match (self.rules.commit_reveal_weights_enabled, is_needed) {
            (true, false) => Err(Refusal::CommitRevealEnabled),
            (false, true) => Err(Refusal::CommitRevealDisabled),
            _ => Ok(()),
        }
    }

    fn check_weights(&self, weights: &WeightVector) -> Result<(), Refusal> {
        let WeightVector { uids, values } = weights;
        if uids.len() != values.len() {
            return Err(Refusal::WeightVecNotEqualSize);
        }
        let mut sorted = uids.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Refusal::DuplicateUids);
        }
        let count = self.neurons.len();
        if sorted.last().is_some_and(|uid| usize::from(*uid) >= count) {
            return Err(Refusal::UidVecContainInvalidOne);
        }
        if uids.len() < usize::from(self.rules.min_allowed_weights) {
            return Err(Refusal::WeightVecLengthIsLow);
        }
        let total: f64 = values.iter().copied().map(f64::from).sum();
        let limit = (self.rules.max_weight_limit + SHARE_TOLERANCE) * total;
        match values.iter().any(|value| f64::from(*value) > limit) {
            true => Err(Refusal::MaxWeightExceeded),
            false => Ok(()),
        }
    }

    fn uid(&self, hotkey: &str) -> Result<usize, Refusal> {
        let uid = self.hotkeys().position(|it| it == hotkey);
        uid.ok_or(Refusal::HotKeyNotRegisteredInSubNet)
    }

    fn note_update(&mut self, uid: usize, block: u32) {
        if let Some(neuron) = Arc::make_mut(&mut self.neurons).get_mut(uid) {
            neuron.last_update = block;
        }
    }

    fn account(&mut self, hotkey: &str) -> &mut Account {
        let accounts = Arc::make_mut(&mut self.accounts);
        accounts.entry(hotkey.to_owned()).or_default()
    }
}
