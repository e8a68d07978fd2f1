//! Batches that go well.

use tig_protocol::BatchResult;

use crate::fixture::{JOB, NAME, OTHER_JOB, Slave, batch, computed, mini, until, until_accepted};
use crate::master::FakeMaster;

#[tokio::test]
async fn batch_is_computed_and_posted() {
    let master = FakeMaster::start();
    let (wasm, wanted) = (mini("mini/satisfiability"), batch(&master, JOB, &[]));
    master.serve(wasm.clone(), std::slice::from_ref(&wanted));
    let slave = Slave::start(&master);
    until_accepted(&master, 1).await;
    slave.stop().await;
    let (id, result) = master.seen(|seen| seen.accepted.pop().unwrap());
    assert_eq!(id, format!("{JOB}_0"));
    assert_eq!(
        result,
        serde_json::to_value(computed(&wanted, &wasm)).unwrap()
    );
    // As the golden file says; its root is that of another engine profile.
    assert_eq!(
        result["solution_nonces"],
        serde_json::json!((1..32).collect::<Vec<u64>>())
    );
    assert_eq!(result["merkle_proofs"], serde_json::json!([]));
    assert_eq!(
        master.seen(|seen| seen.user_agents.clone()),
        [NAME],
        "on every request, downloads too"
    );
}

#[tokio::test]
async fn priority_batch_returns_proofs_of_sampled_nonces() {
    let master = FakeMaster::start();
    // The network samples in any order; a nonce named twice is proved once.
    let priority = batch(&master, JOB, &[26, 6, 9, 18, 22, 6]);
    master.serve(mini("mini/satisfiability"), std::slice::from_ref(&priority));
    let slave = Slave::start(&master);
    until_accepted(&master, 1).await;
    slave.stop().await;
    let (_, result) = master.seen(|seen| seen.accepted.pop().unwrap());
    let result: BatchResult = serde_json::from_value(result).unwrap();
    assert_eq!(
        result.merkle_root,
        computed(&priority, &mini("mini/satisfiability")).merkle_root
    );
    let proved: Vec<u64> = result
        .merkle_proofs
        .iter()
        .map(|proof| proof.leaf.nonce)
        .collect();
    assert_eq!(proved, [6, 9, 18, 22, 26]);
    assert_eq!(priority.check(&result), Ok(()));
}

#[tokio::test]
async fn many_batches_of_two_jobs_each_arrive_once() {
    let master = FakeMaster::start();
    let wasm = mini("mini/satisfiability");
    let mut batches = Vec::new();
    for number in 0..6 {
        let mut next = batch(&master, if number % 2 == 0 { JOB } else { OTHER_JOB }, &[]);
        (next.num_nonces, next.batch_size, next.start_nonce) = (4, 4, 4 * (number / 2));
        batches.push(next);
    }
    master.serve(wasm.clone(), &batches);
    let slave = Slave::start(&master);
    until_accepted(&master, batches.len()).await;
    slave.stop().await;
    let accepted = master.seen(|seen| seen.accepted.clone());
    let wanted: Vec<_> = batches
        .iter()
        .map(|batch| {
            (
                batch.id(),
                serde_json::to_value(computed(batch, &wasm)).unwrap(),
            )
        })
        .collect();
    assert_eq!(accepted, wanted);
}

#[tokio::test]
async fn idle_slave_keeps_polling_and_takes_up_new_work() {
    let master = FakeMaster::start();
    let slave = Slave::start(&master);
    until("it polled in vain", || master.seen(|seen| seen.polls) >= 5).await;
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    until_accepted(&master, 1).await;
    slave.stop().await;
}
