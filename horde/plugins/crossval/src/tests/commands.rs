//! `debug_run_llm_prompt_task`.

use super::*;

fn run(world: &mut World, action: &str) -> tig_plugin_api::Result<tig_plugin_api::Ticket> {
    let arguments = json!({ "action": action });
    world
        .harness
        .command("debug_run_llm_prompt_task", &arguments)
}

fn refusal(world: &mut World, action: &str) -> String {
    run(world, action).unwrap_err().to_string()
}

#[test]
fn command_shows_what_comes_of_a_generation() {
    let mut world = World::full();
    world.harness.advance_ms(70_000);
    world.harness.emitted();
    let ticket = run(&mut world, "generation").unwrap();
    world.up();
    let asked = world.asked();
    assert!(asked.is_generation(), "though the pool is full");
    assert_eq!(world.harness.finished(ticket), None);
    world.generate(&asked);
    let (code, value) = world.harness.finished(ticket).unwrap();
    assert_eq!(
        (code, value),
        (0, &json!({ "result": "1 series were generated" }))
    );
}

#[test]
fn command_shows_what_comes_of_sampling_and_answering() {
    let mut world = World::full();
    world.want("b", &[("a", 4)]);
    world.settle();
    let asked = world.asked();
    world.over(&asked, &failed());
    let ticket = run(&mut world, "answering").unwrap();
    let asked = world.asked();
    world.over(&asked, &failed());
    let (code, value) = world.harness.finished(ticket).unwrap();
    assert_eq!(code, 20);
    assert!(
        value["failure"].as_str().unwrap().contains("no GPU"),
        "{value}"
    );
    let mut world = World::with_series();
    for tag in world.tags() {
        world.harness.fail(&tag, HttpFailureKind::Connect);
    }
    let ticket = run(&mut world, "sampling").unwrap();
    world.settle();
    let (code, value) = world.harness.finished(ticket).unwrap();
    assert_eq!(
        (code, value),
        (0, &json!({ "result": "2 workloads were made" }))
    );
}

#[test]
fn command_without_its_means_is_refused() {
    let mut world = World::with(&json!({}), &small());
    assert!(refusal(&mut world, "generation").contains("no buckets are configured"));
    let mut section = section();
    section["trusted_miner_host"] = json!("");
    let mut world = World::with(&section, &small());
    assert!(refusal(&mut world, "answering").contains("no trusted miner is configured"));
    let mut world = World::start();
    assert!(refusal(&mut world, "generation").contains("busy with generation of prompts"));
    let mut world = World::full();
    assert!(refusal(&mut world, "answering").contains("no workload waits"));
    assert!(refusal(&mut world, "sampling").contains("no samples are missing"));
    assert!(refusal(&mut world, "cooking").contains("cooking"));
    run(&mut world, "generation").unwrap();
    assert!(refusal(&mut world, "answering").contains("another command waits"));
}

#[test]
fn command_ends_after_a_rebuild() {
    let mut world = World::full();
    world.harness.advance_ms(70_000);
    let ticket = run(&mut world, "generation").unwrap();
    world.harness.restart();
    world.harness.emitted();
    world.harness.advance_ms(0);
    world.up();
    let asked = world.asked();
    world.over(&asked, &failed());
    assert_eq!(world.harness.finished(ticket).unwrap().0, 20);
}
