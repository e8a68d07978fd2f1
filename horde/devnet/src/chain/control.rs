//! A running chain: the lock around its service, and the wait for blocks.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::debug;

use super::block::BlockHead;
use super::change::{NeuronChange, NeuronChangeError};
use super::config::{RulesError, SubnetRules};
use super::fault::Faults;
use super::journal::JournalEntry;
use super::service::{ChainReport, ChainService, ServiceAnswer, ServiceReply, ServiceRequest};
use crate::clock::Clock;
use crate::port::Port;

/// The handle of a running chain. Clones are of the same chain.
#[derive(Clone, Debug)]
pub struct ChainControl {
    service: Arc<Mutex<ChainService>>,
    /// Sent to whenever blocks may have been made.
    blocks: watch::Sender<()>,
    port: watch::Sender<Port>,
    clock: Clock,
}

impl ChainControl {
    pub(crate) fn new(service: ChainService, clock: Clock) -> Self {
        Self {
            port: watch::Sender::new(service.faults().port()),
            service: Arc::new(Mutex::new(service)),
            blocks: watch::Sender::new(()),
            clock,
        }
    }

    /// The newest block.
    pub fn newest(&self) -> BlockHead {
        self.lock().chain().newest().head.clone()
    }

    /// The state of the chain.
    pub fn report(&self) -> ChainReport {
        self.lock().report()
    }

    /// What was asked of the chain from the entry with this number on, the oldest first.
    pub fn journal_from(&self, number: u64) -> Vec<JournalEntry> {
        let service = self.lock();
        let entries = service.chain().journal();
        entries.filter(|it| it.number >= number).cloned().collect()
    }

    /// Makes so many blocks by hand. Returns the newest one.
    pub fn advance(&self, count: u32) -> BlockHead {
        let newest = self.lock().advance(count);
        self.blocks.send_replace(());
        newest
    }

    /// Rolls back the newest blocks, as far as they are kept. Returns how many.
    pub fn roll_back(&self, count: u32) -> u32 {
        self.lock().chain_mut().roll_back(count)
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: Faults) {
        let port = faults.port();
        self.lock().set_faults(faults);
        self.port
            .send_if_modified(|current| mem::replace(current, port) != port);
    }

    /// What the port of the service does, now and later.
    pub(crate) fn port(&self) -> watch::Receiver<Port> {
        self.port.subscribe()
    }

    /// Orders changes of the neurons, for the next block.
    ///
    /// # Errors
    ///
    /// [`NeuronChangeError`] of the first impossible change; those before it are made.
    pub fn change_neurons(
        &self,
        changes: impl IntoIterator<Item = NeuronChange>,
    ) -> Result<(), NeuronChangeError> {
        let mut service = self.lock();
        let mut changes = changes.into_iter();
        changes.try_for_each(|change| service.chain_mut().change_neurons(change))
    }

    /// Orders other rules, for the next block.
    ///
    /// # Errors
    ///
    /// [`RulesError`] if they cannot be followed.
    pub fn set_rules(&self, rules: SubnetRules) -> Result<(), RulesError> {
        self.lock().chain_mut().set_rules(rules)
    }

    /// Makes blocks by the clock, for ever.
    pub(crate) async fn make_blocks(self) {
        loop {
            let Some(next_us) = self.lock().next_block_us() else {
                return;
            };
            let wait_us = next_us.saturating_sub(self.clock.unix_us());
            sleep(Duration::from_micros(wait_us.try_into().unwrap_or(0))).await;
            let has_blocks = self.lock().pass_time(self.clock.unix_us());
            if has_blocks {
                self.blocks.send_replace(());
                debug!(block = self.newest().number, "block made");
            }
        }
    }

    /// The answer to a request, and how much later it comes; waits for a block if it needs one. `None` ends the connection.
    pub(crate) async fn answer(
        &self,
        request: &ServiceRequest<'_>,
    ) -> (Duration, Option<ServiceAnswer>) {
        // Before the request, so that no block is missed.
        let mut blocks = self.blocks.subscribe();
        let reply = self.lock().request(request);
        let pending = match reply {
            ServiceReply::Answer { after, answer } => return (after, Some(answer)),
            ServiceReply::Drop { after } => return (after, None),
            ServiceReply::Wait(pending) => pending,
        };
        let deadline = Instant::now() + pending.timeout;
        loop {
            let settled = self.lock().settle(&pending);
            if let Some((after, answer)) = settled {
                return (after, Some(answer));
            }
            // The sender lives as long as `self`.
            if timeout_at(deadline, blocks.changed()).await.is_err() {
                let (after, answer) = self.lock().give_up(&pending);
                return (after, Some(answer));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, ChainService> {
        // No code panics while it holds the lock.
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
