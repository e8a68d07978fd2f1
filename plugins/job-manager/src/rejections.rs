//! Results of a job that did not fit it. Kept in memory alone.

use std::collections::VecDeque;

/// The newest ones that are remembered of a job.
const REJECTIONS_COUNT_MAX: usize = 20;

/// A result that was rejected.
pub(crate) struct Rejection {
    pub(crate) start_nonce: u64,
    pub(crate) slave: String,
    pub(crate) reason: String,
    pub(crate) at_ms: u64,
    /// Its root is another than the one that is known.
    pub(crate) contradicts: bool,
}

/// The newest ones, the last first, and how many there were.
#[derive(Default)]
pub(crate) struct Rejections {
    newest: VecDeque<Rejection>,
    count: u64,
}

impl Rejections {
    pub(crate) fn add(&mut self, rejection: Rejection) {
        self.newest.truncate(REJECTIONS_COUNT_MAX - 1);
        self.newest.push_front(rejection);
        self.count += 1;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rejection> {
        self.newest.iter()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
