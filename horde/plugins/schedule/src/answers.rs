//! What the chain says of neurons: the validators of the cycle, their order, and the miners that serve.

use horde_calc::schedule::select_validators;
use horde_events::{MinerAddress, Neuron, Neurons};
use tig_plugin_api::prelude::*;

use crate::Schedule;
use crate::cycle::Miners;
use crate::decide::is_near;
use crate::place::Place;

impl Schedule {
    /// Takes what the chain says of the blocks that were asked for.
    pub(crate) fn take_neurons(&mut self, ctx: &mut Context<'_>, neurons: Neurons) -> Result<()> {
        if neurons.neurons.is_empty() {
            ctx.warn_with(
                "the chain service knows no neuron at a block; it is asked again",
                &[("block", &neurons.block)],
            );
            return Ok(());
        }
        ctx.mark_fields_changed()?;
        match neurons.wanted {
            Some(block) => self.take_validators(ctx, block, &neurons),
            None => self.take_miners(ctx, &neurons),
        }
    }

    /// The validators of the cycle, or the hash that orders them.
    fn take_validators(
        &mut self,
        ctx: &mut Context<'_>,
        block: u32,
        neurons: &Neurons,
    ) -> Result<()> {
        let Some(cycle) = self.cycle.as_mut().filter(|cycle| cycle.end.is_none()) else {
            return Ok(());
        };
        let is_seed = cycle.seed.is_none() && cycle.seed_block(&self.rules) == Some(block);
        let is_start = cycle.validators.is_none() && cycle.start == block;
        if !is_seed && !is_start {
            return Ok(());
        }
        if is_seed {
            cycle.seed = Some(neurons.hash.clone());
        }
        if is_start {
            let neurons = neurons.neurons.iter();
            let stakes = neurons.map(|neuron| (neuron.hotkey.as_str(), neuron.total_stake));
            let validators = select_validators(stakes).into_iter().map(str::to_owned);
            cycle.validators = Some(validators.collect());
        }
        cycle.store(ctx)?;
        match cycle.place(&self.owner.hotkey) {
            Place::Unknown => return Ok(()),
            Place::NotListed { .. } => {}
            Place::Slot(slot) => ctx.info_with(
                "this validator has a slot",
                &[
                    ("cycle", &cycle.start),
                    ("slot_block", &slot.block),
                    ("slot", &slot.index),
                    ("validators", &slot.count),
                ],
            ),
        }
        match &self.seen.block {
            Some(block) => self.tick(ctx, block.number),
            None => Ok(()),
        }
    }

    /// The miners that serve, from shortly before the slot on.
    fn take_miners(&mut self, ctx: &mut Context<'_>, neurons: &Neurons) -> Result<()> {
        let seen = self.seen.block.as_ref().map_or(0, |block| block.number);
        let number = seen.max(neurons.block);
        self.enter_cycle(ctx, number)?;
        let Some(cycle) = self.cycle.as_mut().filter(|cycle| cycle.end.is_none()) else {
            return Ok(());
        };
        let Place::Slot(slot) = cycle.place(&self.owner.hotkey) else {
            return Ok(());
        };
        let is_newer = cycle
            .miners
            .as_ref()
            .is_none_or(|miners| miners.block < neurons.block);
        if is_newer && self.rules.serving && is_near(slot, &self.rules, number) {
            let addresses = serving_miners(neurons, &self.owner.hotkey);
            let before = cycle.miners.replace(Miners {
                block: neurons.block,
                addresses,
            });
            cycle.store(ctx)?;
            let before = before.map(|miners| miners.addresses);
            let now = cycle.miners.as_ref().map(|miners| &miners.addresses);
            if before.as_ref() != now {
                self.want_links(ctx)?;
            }
        }
        self.advance(ctx, number)
    }
}

/// Where the other neurons serve.
fn serving_miners(neurons: &Neurons, own: &str) -> Vec<MinerAddress> {
    let others = neurons.neurons.iter().filter(|neuron| neuron.hotkey != own);
    let address = |neuron: &Neuron| {
        let axon = neuron.axon.as_ref()?;
        Some(MinerAddress {
            hotkey: neuron.hotkey.clone(),
            host: axon.host.clone(),
            port: axon.port,
        })
    };
    others.filter_map(address).collect()
}
