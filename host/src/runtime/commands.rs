//! Calls of commands that have not ended, and who waits for them.
//!
//! A call outlives whoever waits for it: progress and result of a call that nobody waits for any more go nowhere.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tig_plugin_api::Ticket;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::runtime::clock::Random;
use crate::runtime::mailbox::Mailbox;

/// Calls that may be waited for at the same time.
pub(crate) const WAITED_MAX: usize = 256;

/// Lines of progress that may wait for one who reads slowly; further ones are left out. The result has room of its own.
const PROGRESS_LINES_MAX: usize = 1024;

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
    /// That of the extension that was called. Not by name: one that was added again under it has calls of its own.
    /// Weak: the end of a mailbox ends the wait for the start of its calls.
    mailbox: Weak<Mailbox>,
    reports: Sender<CommandReport>,
}

#[derive(Default)]
pub(crate) struct Commands {
    waited: Mutex<HashMap<Ticket, Waiter>>,
    drawn: AtomicU64,
}

impl Commands {
    /// Makes the ticket of a new call of the extension with this mailbox, and waits for it.
    ///
    /// # Errors
    ///
    /// See [`TooManyWaited`].
    pub(crate) fn wait(
        &self,
        mailbox: &Arc<Mailbox>,
        random: &Random,
    ) -> Result<(Ticket, Receiver<CommandReport>), TooManyWaited> {
        let (reports, receiver) = channel(PROGRESS_LINES_MAX + 1);
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
        let mailbox = Arc::downgrade(mailbox);
        waited.insert(ticket, Waiter { mailbox, reports });
        Ok((ticket, receiver))
    }

    /// Passes a report on to whoever waits.
    pub(crate) fn report(&self, ticket: Ticket, report: CommandReport) {
        let mut waited = self.lock();
        let Some(waiter) = waited.get(&ticket) else {
            return;
        };
        let is_last = matches!(report, CommandReport::Finished { .. });
        // Sent under the lock, so that no line of progress takes the last place: the result is never left out, and no
        // extension waits for a slow reader.
        if is_last || waiter.reports.capacity() > 1 {
            // A reader that has gone away needs no report.
            let _ = waiter.reports.try_send(report);
        }
        if is_last {
            waited.remove(&ticket);
        }
    }

    /// Ends the waits for all calls of an extension that is removed or stopped: their reports end without a result.
    pub(crate) fn end_all(&self, mailbox: &Arc<Mailbox>) {
        self.lock()
            .retain(|_, waiter| waiter.mailbox.as_ptr() != Arc::as_ptr(mailbox));
    }

    /// No code panics while it holds the lock, so poisoned contents are still whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Waiter>> {
        self.waited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(
        commands: &Commands,
        mailbox: &Arc<Mailbox>,
    ) -> Result<(Ticket, Receiver<CommandReport>), TooManyWaited> {
        commands.wait(mailbox, &Random::seeded(1))
    }

    fn finished() -> CommandReport {
        CommandReport::Finished {
            code: 0,
            value: Arc::from(&b"1"[..]),
        }
    }

    #[test]
    fn result_is_last_and_waits_for_a_slow_reader() {
        let commands = Commands::default();
        let (ticket, mut reports) = wait(&commands, &Arc::default()).unwrap();
        for line in 0..PROGRESS_LINES_MAX + 10 {
            commands.report(ticket, CommandReport::Progress(line.to_string()));
        }
        commands.report(ticket, finished());
        commands.report(ticket, CommandReport::Progress("too late".to_owned()));
        assert_eq!(reports.len(), PROGRESS_LINES_MAX + 1);
        let read: Vec<_> = std::iter::from_fn(|| reports.blocking_recv()).collect();
        assert_eq!(read.last(), Some(&finished()));
    }

    #[test]
    fn calls_that_nobody_waits_for_make_room() {
        let (commands, mailbox) = (Commands::default(), Arc::default());
        let mut waiting: Vec<_> = (0..WAITED_MAX)
            .map(|_| wait(&commands, &mailbox).unwrap())
            .collect();
        let error = wait(&commands, &mailbox).err();
        assert_eq!(error, Some(TooManyWaited));
        waiting.pop();
        let (ticket, reports) = wait(&commands, &mailbox).unwrap();
        assert!(waiting.iter().all(|(other, _)| *other != ticket));
        drop(reports);
        commands.report(ticket, finished());
    }

    #[test]
    fn waits_for_a_removed_extension_end_without_a_result() {
        let (commands, mailbox) = (Commands::default(), Arc::default());
        let (_, mut removed) = wait(&commands, &mailbox).unwrap();
        let (ticket, mut other) = wait(&commands, &Arc::default()).unwrap();
        commands.end_all(&mailbox);
        assert_eq!(removed.blocking_recv(), None);
        commands.report(ticket, finished());
        assert_eq!(other.blocking_recv(), Some(finished()));
    }
}
