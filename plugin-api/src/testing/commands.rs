//! Commands of the harness: what was said of them.

use serde_json::Value;

use crate::{Finish, Result, Ticket};

#[derive(Default)]
pub(super) struct Commands {
    /// Number of calls so far.
    pub(super) calls: u64,
    pub(super) progress: Vec<(Ticket, String)>,
    /// Ticket, code and value.
    pub(super) finished: Vec<(Ticket, u8, Value)>,
}

impl Commands {
    /// Where a handler begins.
    pub(super) fn mark(&self) -> (usize, usize) {
        (self.progress.len(), self.finished.len())
    }

    /// Takes back what a failed handler has said.
    pub(super) fn undo(&mut self, (progress, finished): (usize, usize)) {
        self.progress.truncate(progress);
        self.finished.truncate(finished);
    }

    /// The ticket of the next call.
    pub(super) fn next_ticket(&mut self) -> Ticket {
        self.calls += 1;
        Ticket::from_number(self.calls)
    }

    pub(super) fn show(&mut self, ticket: Ticket, text: &str) {
        self.progress.push((ticket, text.to_owned()));
    }

    pub(super) fn finish(&mut self, finish: Finish, value: &[u8]) -> Result<()> {
        let value = serde_json::from_slice(value)?;
        self.finished.push((finish.ticket, finish.code, value));
        Ok(())
    }
}
