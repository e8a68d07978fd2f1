//! A candidate that runs beside the instance: what it begins with, and what it is told.

use std::sync::Arc;

use abi_stable::std_types::RResult;

use super::Runner;
use crate::runtime::{
    failure::{PluginFailure, ShadowStartError},
    mailbox::Beside,
    shadow::{self, Candidate, Copied, Feed},
};

impl Runner {
    /// Starts a candidate from where the instance is now.
    pub(super) fn begin_shadow(&mut self, beside: Beside) {
        let done = beside.done.clone();
        let result = self
            .candidate(beside)
            .and_then(|candidate| self.start_shadow(candidate));
        let result = result.map(|feed| self.shadow = Some(feed));
        // Nobody waits any more when the host stops.
        let _ = done.send(result);
    }

    fn candidate(&mut self, beside: Beside) -> Result<Candidate, ShadowStartError> {
        let snapshot = match self.snapshot() {
            None => {
                return Err(ShadowStartError::Stopped);
            }
            Some(RResult::ROk(snapshot)) => snapshot.into_option().map(|state| state.into_vec()),
            Some(RResult::RErr(failure)) => {
                let failure = PluginFailure(failure.text.into_string());
                return Err(ShadowStartError::Snapshot(failure));
            }
        };
        // The candidate reads what is on disk, so all that the instance has written must be there.
        self.extension.fence.wait_until_clear();
        let view = self.shared.services.store.view();
        Ok(Candidate {
            plugin: beside.plugin,
            settings: beside.settings,
            snapshot,
            view: view?,
            standing: beside.standing,
        })
    }

    fn start_shadow(&self, candidate: Candidate) -> Result<Feed, ShadowStartError> {
        let shared = Arc::clone(&self.shared);
        shadow::start(&shared, self.name(), candidate).map_err(ShadowStartError::Thread)
    }

    /// Ends the candidate, which would have nothing to be compared with any more.
    pub(super) fn end_shadow(&mut self, reason: &str) {
        if let Some(feed) = self.shadow.take() {
            feed.end(reason);
        }
    }

    /// Tells the candidate what was handled, and to what it has come.
    pub(super) fn feed(&mut self, item: Copied) {
        let record = std::mem::take(&mut self.record);
        let inputs = std::mem::take(&mut self.inputs);
        if let Some(feed) = &self.shadow
            && !feed.tell(item, record, inputs)
        {
            self.shadow = None;
        }
    }
}
