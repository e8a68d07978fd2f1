//! The running network: one lock around API and faults, and the task that runs algorithms again.
//!
//! Invariant: the lock is never held while an algorithm runs or a solution is verified, so that requests and blocks do
//! not wait for that.

mod keeping;
mod orders;
mod postponed;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keeping::Keeping;
pub use keeping::NotKept;
pub use orders::PublishError;
use postponed::Postponed;
use tokio::sync::Notify;
use tracing::{error, info, warn};
pub use watch::FolderWatch;

use crate::Api;
use crate::api::{Request, Response};
use crate::faults::{Faults, Outcome};
use crate::network::{Reexecution, Verdict};
use crate::store::Store;

/// A shared handle to the network; clones refer to the same one.
#[derive(Debug, Clone)]
pub struct Devnet(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Rung when a proof may wait for its re-execution.
    proofs_wait: Notify,
    /// Rung when the state cannot be kept any more.
    failed: Notify,
}

#[derive(Debug)]
struct State {
    api: Api,
    faults: Faults,
    keeping: Keeping,
}

impl Devnet {
    /// A network that answers as `api` does, but for `faults`.
    pub fn new(api: Api, faults: Faults) -> Self {
        Self::with(api, faults, Keeping::Nowhere)
    }

    /// The same, with its state kept in `store`; the changes of `api` are tracked.
    pub fn kept_in(store: Store, api: Api, faults: Faults) -> Self {
        Self::with(api, faults, Keeping::In(store))
    }

    fn with(api: Api, faults: Faults, keeping: Keeping) -> Self {
        let devnet = Self(Arc::new(Shared {
            state: Mutex::new(State {
                api,
                faults,
                keeping,
            }),
            proofs_wait: Notify::new(),
            failed: Notify::new(),
        }));
        // There may be some of before a restart.
        devnet.0.proofs_wait.notify_one();
        let _ = devnet.change(|_| ());
        devnet
    }

    /// Answers a request, or does what a fault makes of it. What is slow about a proof comes first, without the lock.
    pub fn answer(&self, request: &Request<'_>) -> Outcome {
        if request.method == "POST" {
            let checks = self.state().api.proof_checks(request);
            if let Some(checks) = checks {
                checks.prepare();
            }
        }
        let mut state = self.state();
        if state.has_failed() {
            self.notify_unless(false);
            return Outcome::at_once(Response::text(500, NotKept.to_string()));
        }
        let State { api, faults, .. } = &mut *state;
        let outcome = faults.serve(api, request);
        let proofs_wait = request.method == "POST" && api.network().num_reexecutions() > 0;
        let kept = state.keep();
        drop(state);
        self.notify_unless(kept);
        if !kept {
            return Outcome::at_once(Response::text(500, NotKept.to_string()));
        }
        if proofs_wait {
            self.0.proofs_wait.notify_one();
        }
        outcome
    }

    /// Changes the state, and keeps that.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, NotKept> {
        let mut state = self.state();
        let result = change(&mut state);
        let kept = state.keep();
        drop(state);
        self.notify_unless(kept);
        kept.then_some(result).ok_or(NotKept)
    }

    pub(crate) fn answer_too_large(&self, request: &Request<'_>) -> Response {
        self.state().api.answer_too_large(request)
    }

    /// Makes the next block. The caller decides when: a timer in the binary, the test itself in tests.
    pub fn produce_block(&self) {
        // The callers of `failure` are woken.
        let _ = self.try_produce_block();
    }

    /// The same, for callers that report the block.
    ///
    /// # Errors
    /// The state cannot be kept.
    pub fn try_produce_block(&self) -> Result<(), NotKept> {
        let block_id = self.change(|state| state.api.produce_block().to_owned())?;
        info!(block_id, "new block");
        // A re-execution without conclusion is tried again once per block.
        self.0.proofs_wait.notify_one();
        Ok(())
    }

    /// Runs algorithms again for every accepted proof, one proof at a time; never ends. Where there was no conclusion,
    /// the next block is the time to try again.
    pub async fn reexecute_proofs(self) {
        let mut postponed = Postponed::new(self.latest().1);
        loop {
            self.0.proofs_wait.notified().await;
            for (benchmark_id, verdict) in postponed.due(&self.latest().1) {
                // The callers of `failure` are woken.
                let _ = self.record(&benchmark_id, &verdict);
            }
            while let Some(reexecution) = self.next_reexecution() {
                if self.reexecute(reexecution, &mut postponed).await.is_err() {
                    break;
                }
            }
        }
    }

    async fn reexecute(
        &self,
        reexecution: Reexecution,
        postponed: &mut Postponed,
    ) -> Result<(), NotKept> {
        let benchmark_id = reexecution.benchmark_id().to_owned();
        let verdict = match tokio::task::spawn_blocking(move || reexecution.run()).await {
            Ok(verdict) => verdict,
            Err(error) => Verdict::Inconclusive(error.to_string()),
        };
        if let Verdict::Inconclusive(reason) = &verdict {
            error!(
                benchmark_id,
                reason, "cannot verify proof, will try again at the next block"
            );
            postponed.add(benchmark_id, verdict);
            return Ok(());
        }
        self.record(&benchmark_id, &verdict)?;
        if let Verdict::Differs(allegation) = verdict {
            warn!(benchmark_id, %allegation, "fraud");
        } else {
            info!(benchmark_id, "proof verified");
        }
        Ok(())
    }

    fn record(&self, benchmark_id: &str, verdict: &Verdict) -> Result<(), NotKept> {
        self.change(|state| state.api.record_reexecution(benchmark_id, verdict))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state machine does not panic; if it did, serving its last state helps more than stopping.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On its own, because a `while let` on the lock would hold it through the loop's body.
    fn next_reexecution(&self) -> Option<Reexecution> {
        self.state().api.next_reexecution()
    }
}
