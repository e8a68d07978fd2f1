//! How long the extension's own part of a fetch takes. The figure of issue 15 includes network and disk.

use std::time::Instant;

use super::support::*;

/// `cargo nextest run -p horde-receipts --release --run-ignored only speed`: 1,000 receipts within 0.3 s.
#[test]
#[ignore = "measures time: needs a release build and a quiet machine"]
fn thousand_receipts_are_fast_enough() {
    let mut world = World::start();
    let receipts: Vec<_> = (0..1_000)
        .map(|n| receipt(n, &other(), &miner(1), 0))
        .collect();
    world.miners.add(1, &receipts);
    let begin = Instant::now();
    world.harness.event("horde_neurons", neurons(1, &[1]));
    world.serve();
    let taken = begin.elapsed();
    assert_eq!(world.foreign(), 1_000);
    assert!(taken.as_millis() < 300, "{taken:?}");
}
