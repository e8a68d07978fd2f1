//! This validator loses its place on the chain and gets another one.

use super::chain::Neuron;
use super::world::STOP;
use super::*;

/// The chain notes the block of a registration as `last_update`, as if weights had been set.
#[test]
fn new_registration_is_not_taken_for_weights() {
    for mode in ["direct", "pylon"] {
        let mut world = World::new(mode);
        world.give_two_scores();
        world.chain.fates = [Fate::Forget].into();
        world.blocks_to(STOP + 1);
        assert_eq!(world.outcomes(), ["done"]);
        let own = world.chain.neurons[0].hotkey.clone();
        world.chain.neurons[0].hotkey = hotkey(9);
        world.blocks_to(STOP + 50);
        assert_eq!(world.waiting_for(), "not_registered", "{mode}");
        world.chain.neurons.push(Neuron {
            hotkey: own,
            last_update: STOP + 50,
        });
        world.blocks_to(STOP + 60);
        let reason = world.given_up();
        assert!(
            reason.starts_with("our hotkey was registered anew, with uid 3 in place of 0"),
            "{mode}: {reason}"
        );
        assert!(world.chain.included.is_empty());
    }
}
