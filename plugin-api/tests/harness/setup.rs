//! Seeds, times and what is stored at the start.

use serde_json::{Value, json};
use tig_plugin_api::testing::Harness;

use crate::probe::{Ask, Probe, ask, probe, settings};

fn rolls(probe: &mut Harness<Probe>) -> Vec<Value> {
    ask(probe, &[Ask::Roll; 20]).unwrap();
    let emitted = probe.emitted().into_iter();
    emitted.map(|(_, eyes)| eyes).collect()
}

#[test]
fn same_seed_gives_same_numbers() {
    let seeded = |seed| Harness::<Probe>::setup(settings()).with_seed(seed).start();
    let (mut one, mut again, mut two) = (seeded(1), seeded(1), seeded(2));
    assert_eq!(one.extension().drawn, again.extension().drawn);
    assert_ne!(one.extension().drawn, two.extension().drawn);
    let first = rolls(&mut one);
    assert_eq!(first, rolls(&mut again));
    assert_ne!(first, rolls(&mut two));
    assert_ne!(first, rolls(&mut one), "the numbers go on");
}

#[test]
fn seed_of_a_running_harness_begins_anew() {
    let mut probe = probe();
    let mut seeded = |seed| {
        probe.set_seed(seed);
        rolls(&mut probe)
    };
    assert_eq!(seeded(5), seeded(5));
    assert_ne!(seeded(5), seeded(6));
}

#[test]
fn failed_handler_draws_its_numbers_again() {
    let mut probe = probe();
    assert!(ask(&mut probe, &[Ask::Roll, Ask::Fail]).is_err());
    let after_failure = rolls(&mut probe);
    let mut other = self::probe();
    // The instance that was restored has drawn a number.
    other.restart();
    assert_eq!(after_failure, rolls(&mut other));
}

#[test]
fn setup_chooses_time_and_storage() {
    let mut probe = Harness::<Probe>::setup(settings())
        .with_now_ms(1_000)
        .with_stored("key", &json!([1, 2]))
        .start();
    assert_eq!(probe.now_ms(), 1_000);
    assert_eq!(probe.stored()["key"], json!([1, 2]));
    ask(&mut probe, &[Ask::Get]).unwrap();
    probe.advance_ms(500);
    assert_eq!(probe.now_ms(), 1_500);
}
