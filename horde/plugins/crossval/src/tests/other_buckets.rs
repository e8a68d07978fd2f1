//! Buckets of other addresses than those that the pool was made in.

use super::*;

/// What the store says after a run with buckets of other names.
const OTHER: &str =
    r#"{"prompts":"https://s3.example.org/p","answers":"https://s3.example.org/a"}"#;

fn warnings(world: &mut World) -> usize {
    let logs = world.harness.logs();
    let of_buckets = |(_, text): &&(String, String)| text.contains("buckets have changed");
    logs.iter().filter(of_buckets).count()
}

#[track_caller]
fn assert_empty(world: &World) {
    for prefix in ["series/", "workload/", "sample/", "doomed/", "probe"] {
        // Those of the checks of the new buckets are there.
        let records = world.records(prefix).into_iter();
        let left: Vec<_> = records
            .filter(|key| !key.contains("/diagnostic-"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn pool_of_other_buckets_is_not_used() {
    let mut world = World::full();
    world.want("b", &[("a", 1)]);
    world.harness.store("buckets", OTHER);
    world.harness.kill();
    world.harness.advance_ms(0);
    assert_empty(&world);
    assert_eq!(world.want("b", &[("a", 1)])["samples"], json!([]));
    assert_eq!(warnings(&mut world), 1);
    // It fills again, and stays.
    world.harness.event("horde_dynamic_config", small());
    world.settle();
    let asked = world.wait_for_job();
    world.generate(&asked);
    world.settle();
    assert_eq!(world.records("workload/").len(), 2);
    world.harness.kill();
    assert_eq!(world.records("workload/").len(), 2);
    assert_eq!(warnings(&mut world), 0);
}

/// Downloads of series and a job of the trusted miner are under way when the config changes.
#[test]
fn what_is_under_way_in_other_buckets_is_dropped() {
    let mut world = World::with_series();
    let before = world.tags();
    assert!(before.iter().any(|tag| tag.starts_with("series/")));
    world.harness.store("buckets", OTHER);
    world.harness.reload();
    world.settle();
    assert_empty(&world);
    let mut world = World::start();
    world.up();
    let asked = world.asked();
    world.harness.store("buckets", OTHER);
    world.harness.reload();
    world.generate(&asked);
    world.settle();
    assert!(world.records("series/").is_empty());
}

/// The operator has mended what the failures came from.
#[test]
fn failures_of_other_buckets_are_forgotten() {
    let mut world = World::with_series();
    world.settle();
    let asked = world.asked();
    world.over(&asked, &failed());
    let station = |world: &mut World| {
        let station = world.report()["stations"]["answering"].clone();
        (
            station["failures_in_succession"].clone(),
            station["paused_until_ms"].is_null(),
        )
    };
    assert_eq!(station(&mut world), (json!(1), false));
    world.harness.store("buckets", OTHER);
    world.harness.kill();
    assert_eq!(station(&mut world), (json!(0), true));
}

#[test]
fn pool_without_addresses_is_of_these_buckets() {
    let mut world = World::full();
    world.harness.store("buckets", "\"nonsense\"");
    world.harness.kill();
    world.harness.advance_ms(0);
    assert_eq!(world.report()["samples"]["ready"], 4);
    assert_eq!(warnings(&mut world), 0);
}
