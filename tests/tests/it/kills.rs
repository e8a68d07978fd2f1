//! The host is killed again and again; `cargo xtask kill` does it more often.

use std::ops::ControlFlow;

use tig_system_tests::{Plan, Stage, kill_again_and_again};

use crate::support::{Running, one_challenge};

const PLAN: Plan = Plan { kills: 5, seed: 7 };

#[test]
fn randomly_killed_hosts_lose_and_repeat_nothing() {
    let mut options = one_challenge();
    for algorithm in options.algorithms.values_mut() {
        algorithm.batch_size = 4;
    }
    let mut running = Running::start(&options);
    running.wait_for("work", |stack| {
        let jobs = stack.jobs().unwrap();
        jobs.iter().any(|job| job.batches_done > 0).then_some(())
    });
    let account = kill_again_and_again(&mut running.stack, &options, PLAN, |_| {
        ControlFlow::Continue(())
    });
    let account = account.unwrap();
    assert_eq!(
        account.faults(options.max_precommits_per_block),
        Vec::<String>::new()
    );
    assert!(account.count(Stage::Proof) > 0);
}
