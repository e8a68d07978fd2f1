//! Calls of commands that have not ended, and who waits for them.
//!
//! A call outlives whoever waits for it: progress and result of a call that nobody waits for any more go nowhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tig_plugin_api::Ticket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::runtime::clock::Random;

/// Calls that may be waited for at the same time.
pub(crate) const WAITED_MAX: usize = 256;

/// Reports that may wait for one who reads slowly; further progress is left out, and the result waits in its place.
const REPORTS_MAX: usize = 1024;

/// Sequence of the random numbers that tickets are.
const TICKETS: &str = "tickets of commands";

/// What an extension says of a call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CommandReport {
    /// A line of text.
    Progress(String),
    /// The call has ended.
    Finished {
        /// Exit code for the caller.
        code: u8,
        /// The JSON of its value.
        value: Arc<[u8]>,
    },
}

/// Why nobody can wait for another call.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{WAITED_MAX} commands are waited for already; end one of those `tig-host call`s")]
pub struct TooManyWaited;

/// Who waits for a call.
struct Waiter {
    /// Name of the extension that was called.
    extension: String,
    reports: Sender<CommandReport>,
}

#[derive(Default)]
pub(crate) struct Commands {
    waited: Mutex<HashMap<Ticket, Waiter>>,
    drawn: AtomicU64,
}

impl Commands {
    /// Makes the ticket of a new call of `extension`, and waits for it.
    ///
    /// # Errors
    ///
    /// See [`TooManyWaited`].
    pub(crate) fn wait(
        &self,
        extension: &str,
        random: &Random,
    ) -> Result<(Ticket, Receiver<CommandReport>), TooManyWaited> {
        let (reports, receiver) = channel(REPORTS_MAX);
        let mut waited = self.lock();
        // Those whose receiver has gone away wait no longer.
        waited.retain(|_, waiter| !waiter.reports.is_closed());
        if waited.len() >= WAITED_MAX {
            return Err(TooManyWaited);
        }
        let index = self.drawn.fetch_add(1, Ordering::Relaxed);
        // Random, so that a ticket stored before a restart is not taken for a new call.
        let number = random.number(TICKETS, index).max(1);
        let ticket = Ticket::from_number(number);
        let extension = extension.to_owned();
        waited.insert(ticket, Waiter { extension, reports });
        Ok((ticket, receiver))
    }

    /// Passes a report on to whoever waits.
    pub(crate) fn report(&self, ticket: Ticket, report: CommandReport) {
        let mut waited = self.lock();
        let is_last = matches!(report, CommandReport::Finished { .. });
        let sender = if is_last {
            waited.remove(&ticket).map(|waiter| waiter.reports)
        } else {
            waited.get(&ticket).map(|waiter| waiter.reports.clone())
        };
        drop(waited);
        let Some(sender) = sender else {
            return;
        };
        if let Err(TrySendError::Full(report)) = sender.try_send(report)
            && is_last
        {
            // The result is never left out. Its own thread, since the extension must not wait for a slow reader; there are
            // at most as many as calls that are waited for.
            let send = move || drop(sender.blocking_send(report));
            // Without a thread the reader sees the end of the reports without a result, and says so.
            let _ = std::thread::Builder::new().spawn(send);
        }
    }

    /// Ends the waits for all calls of an extension that is removed or stopped: their reports end without a result.
    pub(crate) fn end_all(&self, extension: &str) {
        self.lock()
            .retain(|_, waiter| waiter.extension != extension);
    }

    /// No code panics while it holds the lock, so poisoned contents are still whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Waiter>> {
        self.waited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished() -> CommandReport {
        CommandReport::Finished {
            code: 0,
            value: Arc::from(&b"1"[..]),
        }
    }

    #[test]
    fn result_is_last_and_waits_for_a_slow_reader() {
        let commands = Commands::default();
        let (ticket, mut reports) = commands.wait("a", &Random::seeded(1)).unwrap();
        for line in 0..REPORTS_MAX + 10 {
            commands.report(ticket, CommandReport::Progress(line.to_string()));
        }
        commands.report(ticket, finished());
        commands.report(ticket, CommandReport::Progress("too late".to_owned()));
        let read: Vec<_> = std::iter::from_fn(|| reports.blocking_recv()).collect();
        assert_eq!(read.len(), REPORTS_MAX + 1);
        assert_eq!(read.last(), Some(&finished()));
    }

    #[test]
    fn calls_that_nobody_waits_for_make_room() {
        let (commands, random) = (Commands::default(), Random::seeded(1));
        let mut waiting: Vec<_> = (0..WAITED_MAX)
            .map(|_| commands.wait("a", &random).unwrap())
            .collect();
        let error = commands.wait("a", &random).err();
        assert_eq!(error, Some(TooManyWaited));
        waiting.pop();
        let (ticket, reports) = commands.wait("a", &random).unwrap();
        assert!(waiting.iter().all(|(other, _)| *other != ticket));
        drop(reports);
        commands.report(ticket, finished());
    }

    #[test]
    fn waits_for_a_removed_extension_end_without_a_result() {
        let (commands, random) = (Commands::default(), Random::seeded(1));
        let (_, mut removed) = commands.wait("a", &random).unwrap();
        let (ticket, mut other) = commands.wait("b", &random).unwrap();
        commands.end_all("a");
        assert_eq!(removed.blocking_recv(), None);
        commands.report(ticket, finished());
        assert_eq!(other.blocking_recv(), Some(finished()));
    }
}
