//! Slaves that lie and slaves that die.

use std::collections::BTreeSet;

use tig_system_tests::{
    BadSlaves, Contradiction, HONEST, LIAR, MasterOptions, Stage, Trust, benchmark_of,
    finished_batches,
};

use crate::support::{PACE, Running, one_challenge};

/// A lease that a dead slave does not hold up for long.
const LEASE_MS: u64 = 2_000;

fn options(trust: Trust) -> MasterOptions {
    MasterOptions {
        trust,
        lease_ms: Some(LEASE_MS),
        ..one_challenge()
    }
}

/// The evidence that has brought the liar into quarantine.
fn wait_for_conviction(running: &mut Running) -> Contradiction {
    running.wait_for("the conviction of the liar", |stack| {
        let slaves = stack.slaves().unwrap();
        slaves.contradictions(LIAR).next().cloned()
    })
}

fn wait_for_proof(running: &mut Running, what: &str, benchmark_id: &str) {
    running.wait_for_benchmark(what, |benchmark| {
        benchmark.benchmark_id == benchmark_id && benchmark.stage == Stage::Proof
    });
}

#[test]
fn proofs_are_confirmed_despite_lying_and_dead_slaves() {
    let options = options(Trust::In(HONEST));
    let mut running = Running::start(&options);
    let master = running.stack.host_address.clone();
    let mut bad = BadSlaves::start(&running.stack.site, &master).unwrap();

    let left_behind = running.wait_for("the end of the mortal slave", |_| {
        bad.kill_at_work().map(str::to_owned)
    });
    let lie = wait_for_conviction(&mut running);
    assert_ne!(lie.stated, lie.agreed);
    assert_eq!(lie.witnesses, [HONEST]);

    wait_for_proof(
        &mut running,
        "the proof of what the dead slave was at",
        benchmark_of(&left_behind),
    );
    wait_for_proof(
        &mut running,
        "the proof of what was lied about",
        lie.benchmark_id(),
    );
    bad.liar.check_running().unwrap();

    // Whatever the network has sampled: no root of the liar's went into a benchmark.
    let honest: BTreeSet<String> = finished_batches(&running.stack.slave.log())
        .into_iter()
        .collect();
    assert!(honest.contains(&left_behind), "{left_behind} in {honest:?}");
    let algorithm = &options.algorithms["satisfiability"];
    let batch_size = usize::try_from(algorithm.batch_size).unwrap();
    for benchmark in running.stack.status().unwrap().confirmed() {
        for start_nonce in (0..algorithm.num_nonces).step_by(batch_size) {
            let batch_id = format!("{}_{start_nonce}", benchmark.benchmark_id);
            assert!(honest.contains(&batch_id), "{batch_id} in {honest:?}");
        }
    }
}

#[test]
fn two_honest_slaves_outvote_a_liar() {
    let mut running = Running::start(&options(Trust::InTheMajority));
    let (site, master) = (
        running.stack.site.clone(),
        running.stack.host_address.clone(),
    );
    let _second = site
        .spawn("second", &mut site.slave(&master, "second", PACE.workers))
        .unwrap();
    running.wait_for("results of both", |stack| {
        let slaves = stack.slaves().unwrap().slaves;
        let have_delivered = slaves.iter().filter(|slave| slave.batches > 0).count();
        (have_delivered == 2).then_some(())
    });
    let _bad = BadSlaves::start(&site, &master).unwrap();

    let lie = wait_for_conviction(&mut running);
    let witnesses: BTreeSet<&str> = lie.witnesses.iter().map(String::as_str).collect();
    assert_eq!(witnesses, BTreeSet::from([HONEST, "second"]));
    wait_for_proof(
        &mut running,
        "the proof of what was lied about",
        lie.benchmark_id(),
    );
}
