//! What the chain says now, for whoever runs it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ChainService;
use crate::chain::account::{OpenCommit, WeightsOnChain};
use crate::chain::block::BlockHead;
use crate::chain::config::SubnetRules;
use crate::chain::neuron::Neuron;

/// The state of the chain at its newest block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainReport {
    /// The newest block.
    pub block: BlockHead,
    /// The subnet.
    pub netuid: u16,
    /// The name of the identity.
    pub identity: String,
    /// SS58 address of the identity's hotkey.
    pub hotkey: String,
    /// The rules of the subnet.
    pub rules: SubnetRules,
    /// All neurons, in the order of their uids.
    pub neurons: Vec<Neuron>,
    /// Commitments of the identity's hotkey that wait for their reveal.
    pub commits: Vec<OpenCommit>,
    /// The last weights of each hotkey that has set some.
    pub weights: BTreeMap<String, WeightsOnChain>,
    /// Requests to set weights by hotkey that wait for their block.
    pub scheduled_count: usize,
    /// The faults that are left, as texts.
    pub faults: Vec<String>,
}

impl ChainService {
    /// The state of the chain.
    pub fn report(&self) -> ChainReport {
        let block = self.chain.newest();
        let weights = block.state.all_weights();
        ChainReport {
            block: block.head.clone(),
            netuid: self.netuid,
            identity: self.identity.clone(),
            hotkey: self.hotkey.clone(),
            rules: self.chain.rules(),
            neurons: block.neurons().to_vec(),
            commits: block.open_commits(&self.hotkey),
            weights: weights
                .map(|(hotkey, it)| (hotkey.clone(), it.clone()))
                .collect(),
            scheduled_count: self.chain.scheduled_count(),
            faults: self.faults.texts(),
        }
    }
}
