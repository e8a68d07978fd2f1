//! The answer of `GET /horde/batch`.

use horde_events::BatchReport;
use serde::Serialize;

use crate::HordeBatch;
use crate::batch::Phase;

/// The batch that is under way, and the last one that has ended.
#[derive(Serialize)]
pub(crate) struct Status<'a> {
    running: Option<Running<'a>>,
    /// The batch of a cycle that waits until the running one is over.
    due: Option<Due>,
    last: Option<&'a BatchReport>,
}

#[derive(Serialize)]
struct Due {
    cycle_start: u64,
    block: u32,
    /// When it is overslept, in Unix milliseconds.
    until_ms: u64,
}

#[derive(Serialize)]
struct Running<'a> {
    number: u64,
    batch: &'a str,
    phase: Phase,
    cycle_start: Option<u64>,
    started_ms: u64,
    miners: usize,
    /// Miners of whose link something is known.
    links: usize,
    /// Jobs that are made, in the phase `making` so far.
    jobs: usize,
    accepted: u64,
    ready: u64,
    started: u64,
    /// Jobs that have an outcome.
    over: usize,
    /// Answers that are not checked.
    unchecked: usize,
}

impl HordeBatch {
    pub(crate) fn status(&self) -> Status<'_> {
        let running = self.current.as_ref().map(|batch| Running {
            number: batch.head.number,
            batch: &batch.head.batch,
            phase: batch.head.phase,
            cycle_start: batch.head.cycle_start,
            started_ms: batch.head.started_ms,
            miners: batch.head.miners.len(),
            links: batch.live.links.len(),
            jobs: match batch.head.phase {
                Phase::Manifests | Phase::Making => batch.live.making.jobs.len(),
                Phase::Running => batch.jobs.len(),
            },
            accepted: batch.live.steps.accepted,
            ready: batch.live.steps.ready,
            started: batch.live.steps.running,
            over: batch.results.len(),
            unchecked: batch.unchecked(),
        });
        let due = self.cycles.waiting.as_ref().map(|waiting| Due {
            cycle_start: waiting.due.cycle_start,
            block: waiting.due.block,
            until_ms: waiting.due.until_ms,
        });
        Status {
            running,
            due,
            last: self.finished.last(),
        }
    }
}
