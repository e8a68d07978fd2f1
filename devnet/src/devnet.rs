//! The running network: one lock around the state machine, and the task that runs algorithms again.
//!
//! Invariant: the lock is never held while an algorithm runs, so that requests and blocks do not wait for one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tracing::{error, info, warn};

use crate::{
    ApiKey, Network,
    network::{Reexecution, Verdict},
};

/// A shared handle to the network; clones refer to the same one.
#[derive(Debug, Clone)]
pub struct Devnet(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    network: Mutex<Network>,
    /// Rung when a proof may wait for its re-execution.
    proofs_wait: Notify,
    player_id: String,
    api_key: ApiKey,
}

impl Devnet {
    /// A network whose submissions come from `player_id`, who shows `api_key`.
    pub fn new(network: Network, player_id: String, api_key: ApiKey) -> Self {
        let network = Mutex::new(network);
        Self(Arc::new(Shared {
            network,
            proofs_wait: Notify::new(),
            player_id,
            api_key,
        }))
    }

    /// Makes the next block. The caller decides when: a timer in the binary, the test itself in tests.
    pub fn produce_block(&self) {
        let mut network = self.network();
        let block_id = network.produce_block().to_owned();
        drop(network);
        info!(block_id, "new block");
        // A re-execution without conclusion is tried again once per block.
        self.0.proofs_wait.notify_one();
    }

    /// Runs algorithms again for every accepted proof, one proof at a time; never ends.
    pub async fn reexecute_proofs(self) {
        loop {
            self.0.proofs_wait.notified().await;
            while let Some(reexecution) = self.next_reexecution() {
                if !self.reexecute(reexecution).await {
                    break;
                }
            }
        }
    }

    /// Whether there was a conclusion.
    async fn reexecute(&self, reexecution: Reexecution) -> bool {
        let benchmark_id = reexecution.benchmark_id().to_owned();
        let verdict = match tokio::task::spawn_blocking(move || reexecution.run()).await {
            Ok(verdict) => verdict,
            Err(error) => Verdict::Inconclusive(error.to_string()),
        };
        self.network().record_reexecution(&benchmark_id, &verdict);
        match verdict {
            Verdict::Agrees => info!(benchmark_id, "proof verified"),
            Verdict::Differs(allegation) => warn!(benchmark_id, %allegation, "fraud"),
            Verdict::Inconclusive(reason) => {
                error!(
                    benchmark_id,
                    reason, "cannot verify proof, will try again at the next block"
                );
                return false;
            }
        }
        true
    }

    /// To be called after a proof was accepted.
    pub(crate) fn proof_waits(&self) {
        self.0.proofs_wait.notify_one();
    }

    /// The player who owns `api_key`, if it is the right one.
    pub(crate) fn player_of(&self, api_key: &str) -> Option<&str> {
        self.0
            .api_key
            .matches(api_key)
            .then_some(self.0.player_id.as_str())
    }

    pub(crate) fn network(&self) -> MutexGuard<'_, Network> {
        // The state machine does not panic; if it did, serving its last state helps more than stopping.
        self.0
            .network
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// On its own, because a `while let` on the lock would hold it through the loop's body.
    fn next_reexecution(&self) -> Option<Reexecution> {
        self.network().next_reexecution()
    }
}
