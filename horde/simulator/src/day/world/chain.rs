//! Blocks, requests that reach their servers, and places on the chain.

use horde_devnet::chain::NeuronChange;
use horde_system_tests::HOTKEY;

use super::{BLOCK_MS, Due, World};

/// Stake of this validator when it registers again.
const OWN_ALPHA: f64 = 50_000.0;

impl World<'_> {
    pub(super) fn block(&mut self) {
        let now_ms = self.stage.now_ms;
        self.stage.put(now_ms + BLOCK_MS, Due::Block);
        let block = self.http.chain.advance(1).number;
        self.stage.note(format_args!("block {block}"));
        let is_faulty = !self.http.chain.faults().texts().is_empty();
        let neurons = self.http.chain.chain().newest().neurons();
        let is_registered = |hotkey: &str| neurons.iter().any(|neuron| neuron.hotkey == hotkey);
        let miners = self.addresses.iter().map(|it| is_registered(&it.hotkey));
        let (is_ours, miners) = (is_registered(HOTKEY), miners.collect::<Vec<_>>());
        self.stage.judge.block(block, is_faulty, is_ours, &miners);
        for (number, next) in self.http.settle(now_ms, &mut self.stage.rng) {
            self.plan_request(number, next);
        }
    }

    pub(super) fn arrive(&mut self, number: u64) {
        let now_ms = self.stage.now_ms;
        let arrived = self.http.arrive(number, now_ms, &mut self.stage.rng);
        if let Some((label, next)) = arrived {
            self.stage.note(format_args!("{label}: {next:?}"));
            self.plan_request(number, next);
        }
    }

    /// Orders a change of the neurons. One that is impossible by now, such as a second registration, is left out.
    pub(super) fn change(&mut self, change: NeuronChange) {
        let changed = self.http.chain.chain_mut().change_neurons(change);
        self.stage.note(format_args!("neurons: {changed:?}"));
    }

    pub(super) fn register(&mut self, miner: usize) {
        let Some(miner) = self.addresses.get(miner) else {
            return;
        };
        self.change(NeuronChange::Register {
            hotkey: miner.hotkey.clone(),
            address: Some(miner.address),
            alpha: 0.0,
            tao: 0.0,
            validator_permit: false,
        });
    }

    pub(super) fn register_self(&mut self) {
        self.change(NeuronChange::Register {
            hotkey: HOTKEY.to_owned(),
            address: None,
            alpha: OWN_ALPHA,
            tao: 0.0,
            validator_permit: true,
        });
    }
}
