//! Starts, feeds and ends the shadow of the instance.

use std::sync::Arc;

use abi_stable::std_types::RResult;

use super::Runner;
use crate::runtime::command::StartShadow;
use crate::runtime::failure::{PluginFailure, ShadowStartError};
use crate::runtime::item::ItemCopy;
use crate::runtime::shadow::{self, SHADOW_STACK_BYTES, ShadowEnd, ShadowFeed, ShadowStart};

impl Runner {
    /// Starts a shadow from the state of the instance.
    pub(super) fn begin_shadow(&mut self, order: StartShadow) {
        let done = order.done.clone();
        let result = self
            .prepare_shadow(order)
            .and_then(|start| self.start_shadow(start));
        let result = result.map(|feed| self.shadow = Some(feed));
        // A send fails if it comes too late for its request; the order to end the shadow is the next one then.
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
        // The shadow reads what is on disk, so the instance's writes must be there.
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
        shadow::start(&shared, self.name(), start, SHADOW_STACK_BYTES)
    }

    /// Ends the shadow: the version that it was compared with does not run any more.
    pub(super) fn end_shadow(&mut self) {
        if let Some(feed) = self.shadow.take() {
            feed.end(&ShadowEnd::Replaced);
        }
    }

    /// Sends the shadow the handled item and what the instance did.
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
