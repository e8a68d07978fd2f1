//! What an operator orders while the network runs: rollbacks, faults, and algorithms.

use tig_challenges::ChallengeKind;
use tig_worker::BadModule;
use tracing::info;

use super::{Devnet, NotKept};
use crate::{
    Faults,
    algorithms::{NAME_RULE, PublishedAlgorithm, is_name},
    faults::{FaultPlan, TooManyFaults},
    network::AddAlgorithmError,
};

/// Why an algorithm is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No algorithm may be called so.
    #[error("an algorithm cannot be named {0:?}: the name is {NAME_RULE}")]
    Name(String),
    /// It does not compile.
    #[error("the module is not a usable algorithm")]
    BadModule(#[source] BadModule),
    /// Its name is taken, or there are too many.
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

    /// Takes the latest block back; `false` if no block before it is known.
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

    /// Lets go wrong what `plan` says, too.
    ///
    /// # Errors
    /// There are too many already.
    pub fn add_faults(&self, plan: FaultPlan) -> Result<(), TooManyFaults> {
        self.state().faults.add(plan)
    }

    /// From now on nothing goes wrong.
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
    /// Its name is wrong or taken, the module does not compile, or there are too many.
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
