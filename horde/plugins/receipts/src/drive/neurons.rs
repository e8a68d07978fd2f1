//! Which miners there are: neurons of the subnet that serve something.

use std::collections::BTreeSet;

use horde_events::{MinerAddress, Neurons, NeuronsWanted, authority};
use horde_extension::shown;
use tig_plugin_api::prelude::*;

use crate::Receipts;
use crate::miner::Miner;
use crate::store;

/// Time after which the neurons are asked for again, in milliseconds; others may ask more often.
const NEURONS_INTERVAL_MS: u64 = 600_000;
/// Time after which they are asked for again that did not come, in milliseconds.
const NEURONS_RETRY_MS: u64 = 60_000;
/// Miners at most: four times as many as a subnet has.
pub(super) const MINERS_COUNT_MAX: usize = 1_024;

impl Receipts {
    /// Asks for the neurons if it is time.
    pub(super) fn want_neurons(&mut self, ctx: &mut Context<'_>) -> Result<()> {
        let now_ms = ctx.now_ms();
        if !self.config.enabled || self.fetches.neurons_due_ms > now_ms {
            return Ok(());
        }
        self.fetches.neurons_due_ms = now_ms + NEURONS_RETRY_MS;
        ctx.emit(&NeuronsWanted { block: None })
    }

    /// Takes the miners of the newest block in place of those before.
    pub(crate) fn take_neurons(&mut self, ctx: &mut Context<'_>, event: &Neurons) -> Result<()> {
        if event.block < self.fetches.neurons_block {
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        let now_ms = ctx.now_ms();
        self.fetches.neurons_block = event.block;
        self.fetches.neurons_due_ms = now_ms + NEURONS_INTERVAL_MS;
        let (mut serving, mut refused) = (BTreeSet::new(), None);
        for neuron in event.neurons.iter().take(MINERS_COUNT_MAX) {
            let Some(axon) = &neuron.axon else { continue };
            if neuron.hotkey == self.hotkey {
                continue;
            }
            let address = MinerAddress {
                hotkey: neuron.hotkey.clone(),
                host: axon.host.clone(),
                port: axon.port,
            };
            // Anybody can enter any address; those that are not connected to are reported by `horde_miners`.
            match authority(&address, self.config.allow_private) {
                Ok(authority) => {
                    serving.insert(neuron.hotkey.as_str());
                    self.put_miner(ctx, &neuron.hotkey, authority)?;
                }
                Err(error) => {
                    let hotkey = shown(&neuron.hotkey);
                    refused = Some(format!("miner {hotkey}: {}", Error::from(error)));
                }
            }
        }
        self.fetches.refused = refused;
        let is_wanted = |hotkey: &str| {
            let command = self.command.as_ref();
            serving.contains(hotkey) || command.is_some_and(|command| command.waits_for(hotkey))
        };
        self.miners.retain(|hotkey, _| is_wanted(hotkey));
        self.start_requests(ctx)
    }

    /// A miner serves at this address.
    pub(super) fn put_miner(
        &mut self,
        ctx: &mut Context<'_>,
        hotkey: &str,
        authority: String,
    ) -> Result<()> {
        let now_ms = ctx.now_ms();
        match self.miners.get_mut(hotkey) {
            Some(miner) if miner.authority == authority => {}
            Some(miner) => {
                miner.authority = authority;
                miner.begin_round(now_ms);
            }
            None => {
                let progress = store::read_progress(ctx, hotkey)?;
                let miner = Miner::new(authority, progress);
                self.miners.insert(hotkey.to_owned(), miner);
            }
        }
        Ok(())
    }
}
