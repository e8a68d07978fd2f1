//! The recorded run of the earlier validator (`weights_commit_reveal.json`): the same weights at the same blocks.

use super::*;

#[test]
fn recorded_scores_lead_to_the_recorded_weights() {
    let recorded = include_str!("../../../../../vectors/horde/weights_commit_reveal.json");
    let steps: Vec<(String, Value)> = serde_json::from_str(recorded).unwrap();
    let data = |name: &str| {
        let steps = steps.iter().filter(|(step, _)| step == name);
        steps.map(|(_, data)| data).collect::<Vec<_>>()
    };
    let [commit_block, reveal_block] = data("block")[..] else {
        panic!("not two blocks");
    };
    let block = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let (commit_block, reveal_block) = (block(commit_block), block(reveal_block));
    let scores = data("scores")[0];
    let commit = data("commit_weights")[0];

    let mut world = World::new("commit_reveal");
    let hotkeys = scores.as_object().unwrap().keys();
    for (neuron, hotkey) in world.chain.neurons[1..].iter_mut().zip(hotkeys) {
        neuron.hotkey.clone_from(hotkey);
    }
    let cycle = data("scheduled")[0]["cycle"][0].as_u64().unwrap();
    world.give_scores_of(u32::try_from(cycle).unwrap(), scores);
    world.jump_to(commit_block - 2);
    assert!(world.chain.commits.is_empty());
    world.jump_to(commit_block);
    assert_eq!(one_of(&world.chain.commits).block, commit_block);
    world.jump_to(commit_block + 4);
    world.jump_to(reveal_block);
    let revealed = one_of(&world.chain.included);
    assert_eq!(revealed.block, reveal_block);
    assert_eq!(revealed.request["uids"], commit["uids"]);
    assert_eq!(revealed.request["values"], commit["weights"]);
    assert_eq!(revealed.request["version_key"], commit["version_key"]);
    let salt = revealed.request["salt"].as_array().unwrap();
    assert_eq!(salt.len(), commit["salt"].as_array().unwrap().len());
    world.jump_to(reveal_block + 4);
    assert_eq!(world.end()["end"], "revealed");
    assert_eq!(world.end()["attempts"], 2);
}
