//! How a shadow compares with the running version.

use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tracing::warn;

/// Differences that are kept.
pub(crate) const DIFFERENCES_MAX: usize = 10;

/// How a shadow compares with the running version.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ShadowStatus {
    /// Its version.
    pub version: String,
    /// BLAKE3 of its file, in hex.
    pub hash: String,
    /// Number of events, responses and requests that it handled as the running version did.
    pub same: u64,
    /// Number of those that it handled differently.
    pub different: u64,
    /// The last differences: the item, and what the shadow did differently.
    pub differences: VecDeque<String>,
    /// Why the shadow has ended, if it has.
    pub ended: Option<String>,
}

/// A status that the shadow's thread writes and others read.
#[derive(Clone, Debug)]
pub(crate) struct ShadowStatusHandle(Arc<Mutex<ShadowStatus>>);

impl ShadowStatusHandle {
    /// The status of a shadow that has handled nothing yet.
    #[must_use]
    pub(crate) fn new(version: String, hash: String) -> Self {
        Self(Arc::new(Mutex::new(ShadowStatus {
            version,
            hash,
            ..ShadowStatus::default()
        })))
    }

    /// A copy of the status.
    #[must_use]
    pub(crate) fn get(&self) -> ShadowStatus {
        self.lock().clone()
    }

    /// Counts an item that both versions handled the same way.
    pub(crate) fn count_same(&self) {
        self.lock().same += 1;
    }

    /// Counts an item that the shadow handled differently, and keeps the `difference` in place of the oldest one.
    pub(crate) fn count_different(&self, difference: String) {
        let mut status = self.lock();
        status.different += 1;
        if status.differences.len() >= DIFFERENCES_MAX {
            // The latest ones matter: after the first, many differ for the same reason.
            status.differences.pop_front();
        }
        status.differences.push_back(difference);
    }

    /// Logs and records why the shadow has ended; the first reason stays.
    pub(crate) fn end(&self, reason: &dyn Display) {
        let mut status = self.lock();
        warn!(version = status.version, "shadow ended: {reason}");
        // A shadow that was replaced may still fail on its own thread; that is not why it ended.
        status.ended.get_or_insert_with(|| reason.to_string());
    }

    /// No code panics while it holds the lock, so a poisoned status is still whole.
    fn lock(&self) -> MutexGuard<'_, ShadowStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
