//! The facilitator: orders of users, its faults, and its clock.

use horde_devnet::facilitator::{FacilitatorEffect, Faults, JobOrder, JobVersion};
use horde_proto::ExecutorClass;

use super::{Due, FACILITATOR_TICK_MS, World};
use crate::stage::{FacilitatorPeer, Mind};

/// An image that miners run.
const IMAGE: &str = "backenddevelopersltd/print:v1";

impl World<'_> {
    /// The facilitator comes after the miners.
    fn facilitator_index(&self) -> usize {
        self.addresses.len()
    }

    pub(super) fn facilitator(&mut self) -> Option<&mut FacilitatorPeer> {
        let index = self.facilitator_index();
        match &mut self.stage.peers.get_mut(index)?.mind {
            Mind::Facilitator(facilitator) => Some(facilitator),
            Mind::Miner(_) => None,
        }
    }

    fn carry_out(&mut self, effects: Vec<FacilitatorEffect>) {
        let index = self.facilitator_index();
        if let Some(facilitator) = self.facilitator() {
            let effects = facilitator.effects(effects);
            self.stage.apply(index, effects);
        }
    }

    pub(super) fn facilitator_tick(&mut self) {
        let at_ms = self.stage.now_ms + FACILITATOR_TICK_MS;
        self.stage.put(at_ms, Due::FacilitatorTick);
        let now_us = self.stage.peer_now_us();
        if let Some(facilitator) = self.facilitator() {
            let effects = facilitator.core.tick(now_us);
            self.carry_out(effects);
        }
    }

    /// A user orders a job. A facilitator that has no validator refuses.
    pub(super) fn order(&mut self, number: usize) {
        let Some(order) = self.day.orders.get(number) else {
            return;
        };
        let miner = self.addresses.get(order.miner);
        let marker = format!("job {number}");
        let order = JobOrder {
            version: order.version,
            miner_hotkey: miner
                .filter(|_| order.version != JobVersion::V2)
                .map(|miner| miner.hotkey.clone()),
            executor_class: match order.is_always_on {
                true => ExecutorClass::AlwaysOnGpu24Gb,
                false => ExecutorClass::SpinUp4MinGpu24Gb,
            },
            docker_image: IMAGE.to_owned(),
            args: vec!["echo".to_owned(), marker.clone()],
            ..JobOrder::default()
        };
        let now_us = self.stage.peer_now_us();
        let Some(facilitator) = self.facilitator() else {
            return;
        };
        match facilitator.core.submit(&order, now_us) {
            Ok((uuid, effects)) => {
                self.stage
                    .note(format_args!("{marker} is ordered as {uuid}"));
                self.stage.judge.ordered(&uuid, marker);
                self.carry_out(effects);
            }
            Err(error) => self
                .stage
                .note(format_args!("{marker} is refused: {error}")),
        }
    }

    pub(super) fn set_facilitator_faults(&mut self, faults: &[&str]) -> Result<(), String> {
        self.stage.note(format_args!("facilitator: {faults:?}"));
        self.faulty = None;
        let faults = Faults::parse(faults).map_err(|error| error.to_string())?;
        if let Some(facilitator) = self.facilitator() {
            facilitator.core.set_faults(faults);
        }
        Ok(())
    }

    /// Of 100 attempts to connect to the facilitator, so many fail from now on.
    pub(super) fn set_facilitator_refusal(&mut self, percent: u64) {
        let index = self.facilitator_index();
        if let Some(peer) = self.stage.peers.get_mut(index) {
            peer.refusal_percent = percent;
        }
    }
}
