//! A candidate that runs as a shadow of the instance: what it starts from, and what it handles.

use std::sync::Arc;

use abi_stable::std_types::RResult;

use super::Runner;
use crate::runtime::{
    command::StartShadow,
    failure::{PluginFailure, ShadowStartError},
    item::ItemCopy,
    shadow::{self, ShadowEnd, ShadowFeed, ShadowStart},
};

impl Runner {
    /// Starts a candidate from where the instance is now.
    pub(super) fn begin_shadow(&mut self, order: StartShadow) {
        let done = order.done.clone();
        let result = self
            .prepare_shadow(order)
            .and_then(|start| self.start_shadow(start));
        let result = result.map(|feed| self.shadow = Some(feed));
        // Nobody waits any more when the host stops.
        let _ = done.send(result);
    }

    fn prepare_shadow(&mut self, order: StartShadow) -> Result<ShadowStart, ShadowStartError> {
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
        Ok(ShadowStart {
            plugin: order.plugin,
            settings: order.settings,
            snapshot,
            view: view?,
            status: order.status,
        })
    }

    fn start_shadow(&self, start: ShadowStart) -> Result<ShadowFeed, ShadowStartError> {
        let shared = Arc::clone(&self.shared);
        shadow::start(&shared, self.name(), start).map_err(ShadowStartError::Thread)
    }

    /// Ends the candidate, which would have nothing to be compared with any more.
    pub(super) fn end_shadow(&mut self) {
        if let Some(feed) = self.shadow.take() {
            feed.end(&ShadowEnd::Replaced);
        }
    }

    /// Tells the candidate what was handled, and to what it has come.
    pub(super) fn feed_shadow(&mut self, item: ItemCopy) {
        let record = std::mem::take(&mut self.record);
        let inputs = std::mem::take(&mut self.inputs);
        if let Some(feed) = &self.shadow
            && !feed.send(item, record, inputs)
        {
            self.shadow = None;
        }
    }
}
