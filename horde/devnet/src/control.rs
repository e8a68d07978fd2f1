//! What can be asked of a running network, and ordered.

use std::sync::Arc;

use crate::address::MinerAddress;
use crate::chain::ChainControl;
use crate::hub::Hub;
use crate::journal::MinerReport;
use crate::vice::Vices;

/// No miner has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no miner {index}: this network has {count}, counted from 0")]
pub struct UnknownMiner {
    /// The number.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

/// The handle of a running network. Clones are of the same network, which ends with the [`Devnet`](crate::Devnet).
#[derive(Clone, Debug)]
pub struct Control {
    addresses: Arc<[MinerAddress]>,
    hubs: Arc<[Arc<Hub>]>,
    trusted: Option<TrustedControl>,
    chain: Option<ChainControl>,
}

/// The handle of a network's trusted miner.
#[derive(Clone, Debug)]
pub struct TrustedControl {
    address: MinerAddress,
    hub: Arc<Hub>,
}

impl TrustedControl {
    pub(crate) fn new(address: MinerAddress, hub: Arc<Hub>) -> Self {
        Self { address, hub }
    }

    pub(crate) fn hub(&self) -> Arc<Hub> {
        self.hub.clone()
    }

    /// Where it is. Its index is the one after the last miner's.
    pub fn address(&self) -> &MinerAddress {
        &self.address
    }

    /// Gives it these vices in place of those that it has.
    pub fn set_vices(&self, vices: Vices) {
        self.hub.set_vices(vices);
    }

    /// What it has seen.
    pub fn report(&self) -> MinerReport {
        self.hub.report()
    }

    /// Begins its report anew.
    pub fn clear_report(&self) {
        self.hub.clear_report();
    }
}

impl Control {
    pub(crate) fn new(
        addresses: Vec<MinerAddress>,
        hubs: Vec<Arc<Hub>>,
        trusted: Option<TrustedControl>,
        chain: Option<ChainControl>,
    ) -> Self {
        Self {
            addresses: addresses.into(),
            hubs: hubs.into(),
            trusted,
            chain,
        }
    }

    /// The chain, if the network has one.
    pub fn chain(&self) -> Option<&ChainControl> {
        self.chain.as_ref()
    }

    /// The trusted miner, if the network has one.
    pub fn trusted(&self) -> Option<&TrustedControl> {
        self.trusted.as_ref()
    }

    /// The miners, without the trusted one.
    pub fn miners(&self) -> &[MinerAddress] {
        &self.addresses
    }

    /// Gives a miner, or all of them, these vices in place of those that it has. None makes it honest.
    ///
    /// # Errors
    ///
    /// [`UnknownMiner`] if there is no such miner; nothing is changed then.
    pub fn set_vices(&self, index: Option<usize>, vices: &Vices) -> Result<(), UnknownMiner> {
        match index {
            None => {
                for hub in &*self.hubs {
                    hub.set_vices(vices.clone());
                }
            }
            Some(index) => self.hub(index)?.set_vices(vices.clone()),
        }
        Ok(())
    }

    /// What a miner has seen. Verifies receipts, which takes some 0.1 ms each.
    ///
    /// # Errors
    ///
    /// [`UnknownMiner`] if there is no such miner.
    pub fn report(&self, index: usize) -> Result<MinerReport, UnknownMiner> {
        Ok(self.hub(index)?.report())
    }

    /// What each miner has seen.
    pub fn reports(&self) -> Vec<MinerReport> {
        self.hubs.iter().map(|hub| hub.report()).collect()
    }

    /// Begins all reports anew, but for the receipts.
    pub fn clear_reports(&self) {
        for hub in &*self.hubs {
            hub.clear_report();
        }
    }

    /// Ends all connections and all work, for good.
    pub(crate) fn end(&self) {
        for hub in &*self.hubs {
            hub.end();
        }
        if let Some(trusted) = &self.trusted {
            trusted.hub.end();
        }
    }

    fn hub(&self, index: usize) -> Result<&Arc<Hub>, UnknownMiner> {
        let count = self.hubs.len();
        self.hubs.get(index).ok_or(UnknownMiner { index, count })
    }
}
