//! Failing at any call to the host equals failing and restarting.

use proptest::prelude::*;
use tig_plugin_api::testing::check_failed_handlers;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    /// Shows the precommit, and the benchmark if it has been confirmed.
    Block {
        confirmed: bool,
    },
    Reconfirmed,
    Proved,
    Result {
        batch: usize,
        slave: &'static str,
        sampled: bool,
        lies: bool,
    },
    Quarantined(&'static str),
    Rejected,
    Update,
    Advance,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let slave = || prop::sample::select(&["ann", "bob", "cid"][..]);
    let result = (
        0_usize..3,
        slave(),
        any::<bool>(),
        prop::bool::weighted(0.2),
    );
    prop_oneof![
        4 => any::<bool>().prop_map(|confirmed| Step::Block { confirmed }),
        1 => Just(Step::Reconfirmed),
        1 => Just(Step::Proved),
        12 => result.prop_map(|(batch, slave, sampled, lies)| Step::Result {
            batch,
            slave,
            sampled,
            lies,
        }),
        1 => slave().prop_map(Step::Quarantined),
        1 => Just(Step::Rejected),
        3 => Just(Step::Update),
        2 => Just(Step::Advance),
        1 => Just(Step::Reload),
    ]
}

fn audited() -> Harness<JobManager> {
    Harness::start(
        json!({ "name": "job_manager", "config": { "job_manager": { "knapsack": {
        "batch_size": 4, "ms_delay_between_batch_retries": 30_000, "audit_share": 0.5 } } } }),
    )
}

/// The plain batches, then those with sampled nonces.
fn all_batches() -> Vec<Value> {
    let mut manager = start(4);
    manager.event("new_block", block(101));
    let mut batches = take(&mut manager, "new_batch");
    for batch in batches.clone() {
        let start = batch["start_nonce"].as_u64().unwrap();
        let is_of_batch = |nonce: &&u64| (start..start + 4).contains(*nonce);
        let mut sampled: Vec<u64> = SAMPLED.iter().filter(is_of_batch).copied().collect();
        sampled.sort_unstable();
        let mut with_samples = batch;
        with_samples["sampled_nonces"] = json!(sampled);
        batches.push(with_samples);
    }
    batches
}

fn play(
    manager: &mut Harness<JobManager>,
    step: &Step,
    batches: &[Value],
) -> tig_plugin_api::Result<()> {
    let root = json!(whole_tree().root());
    match step {
        Step::Block { confirmed: false } => manager.try_event("new_block", block(101)),
        Step::Block { confirmed: true } => {
            manager.try_event("new_block", block_with_benchmark(103, &root))
        }
        Step::Reconfirmed => {
            let mut other = block(102);
            other["precommits"][ID]["state"]["rand_hash"] = json!("other");
            manager.try_event("new_block", other)
        }
        Step::Proved => {
            let mut done = block_with_benchmark(105, &root);
            done["proofs"][ID] = json!({ "benchmark_id": ID });
            manager.try_event("new_block", done)
        }
        Step::Result {
            batch,
            slave,
            sampled,
            lies,
        } => {
            let mut result = work(&batches[batch + usize::from(*sampled) * 3]);
            result["slave"] = json!(slave);
            if *lies {
                result["merkle_root"] = json!("66".repeat(32));
            }
            manager.try_event("batch_result", result)
        }
        Step::Quarantined(slave) => {
            let event = json!({ "slave": slave, "reason": "it lies", "until_ms": 0 });
            manager.try_event("slave_quarantined", event)
        }
        Step::Rejected => {
            let event = json!({ "text": "no", "status": 400, "request": { "benchmark_id": ID } });
            manager.try_event("submit_benchmark_error", event)
        }
        Step::Update => manager.try_event("update", json!({})),
        Step::Advance => {
            manager.advance_ms(30_000);
            Ok(())
        }
        Step::Reload => manager.try_reload(),
    }
}

proptest! {
    #[test]
    fn failing_equals_restarting(
        steps in prop::collection::vec(step(), 1..40),
        k in 1_u64..50,
    ) {
        let batches = all_batches();
        check_failed_handlers(audited, &steps, k, |manager, step| play(manager, step, &batches));
    }
}

/// Wherever the handler of a block fails, the next block writes the job, and a restart finds its results in order.
#[test]
fn refused_job_is_written_at_the_next_block() {
    // Network, job and three batches.
    for k in 1..=5 {
        let mut manager = start(4);
        manager.fail_call(k);
        assert!(manager.try_event("new_block", block(101)).is_err());
        assert_eq!((manager.stored().len(), emitted(&mut manager)), (0, vec![]));
        manager.event("new_block", block(102));
        for batch in take(&mut manager, "new_batch") {
            manager.event("batch_result", work(&batch));
        }
        manager.restart();
        let stored = manager.stored();
        assert!(!stored.keys().any(|key| key.starts_with("damaged/")));
        assert_eq!(stage(&mut manager)["stage"], "benchmark_ready");
    }
}
