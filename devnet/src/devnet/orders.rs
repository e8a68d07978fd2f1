//! Orders of an operator while the network runs: rollbacks, faults, and algorithms.

use tig_challenges::ChallengeKind;
use tig_worker::BadModule;
use tracing::info;

use super::{Devnet, NotKept};
use crate::Faults;
use crate::algorithms::{NAME_RULE, PublishedAlgorithm, is_name};
use crate::faults::{FaultPlan, TooManyFaults};
use crate::network::AddAlgorithmError;

/// Why an algorithm is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The name breaks the rule for names.
    #[error("an algorithm cannot be named {0:?}: the name is {NAME_RULE}")]
    Name(String),
    /// The module does not compile.
    #[error("the module is not a usable algorithm")]
    BadModule(#[source] BadModule),
    /// The name is taken, or there are too many algorithms.
    #[error(transparent)]
    Add(#[from] AddAlgorithmError),
    /// The state cannot be kept.
    #[error(transparent)]
    NotKept(#[from] NotKept),
}

impl Devnet {
    /// Height and id of the latest block.
    pub fn latest(&self) -> (u32, String) {
        let state = self.state();
        let network = state.api.network();
        (network.height(), network.latest_block_id().to_owned())
    }

    /// Number of proofs that wait for their re-execution or are in it.
    pub fn num_reexecutions(&self) -> usize {
        self.state().api.network().num_reexecutions()
    }

    /// Rolls back the latest block; `false` if no block before it is known.
    ///
    /// # Errors
    /// The state cannot be kept.
    pub fn rollback(&self) -> Result<bool, NotKept> {
        let rolled_back = self.change(|state| state.api.rollback())?;
        if rolled_back {
            info!("block rolled back");
        }
        Ok(rolled_back)
    }

    /// Adds the faults of `plan`.
    ///
    /// # Errors
    /// There are too many already.
    pub fn add_faults(&self, plan: FaultPlan) -> Result<(), TooManyFaults> {
        self.state().faults.add(plan)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.state().faults = Faults::none();
    }

    /// Whether the algorithm of this name has this module; `None` if there is none.
    pub(crate) fn publishes(&self, kind: ChallengeKind, name: &str, wasm: &[u8]) -> Option<bool> {
        let state = self.state();
        let algorithm = state.api.network().algorithm(kind, name)?;
        Some(*algorithm.wasm == *wasm)
    }

    /// Lets an algorithm join with the next block; returns its id. Compiles the module meanwhile, without the lock.
    ///
    /// # Errors
    /// The name is wrong or taken, the module does not compile, or there are too many.
    pub fn publish(
        &self,
        kind: ChallengeKind,
        name: &str,
        wasm: &[u8],
    ) -> Result<String, PublishError> {
        if !is_name(name) {
            return Err(PublishError::Name(name.to_owned()));
        }
        self.state().api.network().check_name(kind, name)?;
        let compiled =
            PublishedAlgorithm::compile(kind, 1, name, wasm).map_err(PublishError::BadModule)?;
        let id = self.change(|state| state.api.publish(compiled))??;
        info!(id, name, challenge = kind.name(), "algorithm joins");
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::devnet::Keeping;
    use crate::{Api, Genesis, Keys, Network, RealCheck, devnet_config};

    #[test]
    fn algorithm_that_cannot_be_stored_is_not_published() {
        let network = Network::new(Genesis {
            seed: 1,
            config: devnet_config(),
            player_ids: Vec::new(),
            algorithms: Vec::new(),
            download_base_url: String::new(),
            solution_check: Arc::new(RealCheck),
        });
        let api = Api::new(network.unwrap(), Keys::default());
        let devnet = Devnet::new(api, Faults::none());
        devnet.state().keeping = Keeping::Failed("no space left".to_owned());
        let vectors = include_str!("../../../vectors/wasms.json");
        let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
        let mut modules = vectors["mini"].as_array().unwrap().iter();
        let module = modules.find(|module| module["name"] == "mini/knapsack");
        let wasm = hex::decode(module.unwrap()["wasm_hex"].as_str().unwrap()).unwrap();
        let error = devnet.publish(ChallengeKind::Knapsack, "mine", &wasm);
        let error = error.unwrap_err();
        assert!(matches!(error, PublishError::NotKept(_)), "{error:?}");
        assert!(error.to_string().contains("cannot store its state"));
    }
}
