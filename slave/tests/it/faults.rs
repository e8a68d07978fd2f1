//! A master that fails, vanishes, refuses or lies.

use std::time::Duration;

use tig_protocol::Batch;

use crate::fixture::{JOB, OTHER_JOB, Slave, batch, json, mini, until, until_accepted};
use crate::master::FakeMaster;

#[tokio::test]
async fn result_arrives_once_after_two_server_errors() {
    let master = FakeMaster::start();
    master.seen(|seen| seen.upload_statuses.extend([500, 503]));
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let slave = Slave::start(&master);
    until_accepted(&master, 1).await;
    slave.stop().await;
    assert_eq!(
        master.seen(|seen| (seen.upload_attempts, seen.accepted.len())),
        (3, 1)
    );
}

#[tokio::test]
async fn result_outlives_a_master_that_is_away() {
    let mut master = FakeMaster::start();
    master.seen(|seen| seen.upload_statuses.extend([500; 10_000]));
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let slave = Slave::start(&master);
    until("the upload failed", || {
        master.seen(|seen| seen.upload_attempts) >= 1
    })
    .await;
    master.go_away();
    let polls = master.seen(|seen| {
        seen.upload_statuses.clear();
        seen.polls
    });
    master.come_back();
    until_accepted(&master, 1).await;
    until("it polls again", || master.seen(|seen| seen.polls) > polls).await;
    slave.stop().await;
    assert_eq!(master.seen(|seen| seen.accepted.len()), 1);
}

#[tokio::test]
async fn result_is_delivered_after_the_stop_was_requested() {
    let master = FakeMaster::start();
    master.seen(|seen| seen.upload_statuses.extend([500; 3]));
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let slave = Slave::start(&master);
    until("the upload failed", || {
        master.seen(|seen| seen.upload_attempts) >= 1
    })
    .await;
    slave.stop().await;
    assert_eq!(master.seen(|seen| seen.accepted.len()), 1);
}

/// Nothing is computed again for a master that was away while the slave was killed.
#[tokio::test]
async fn a_killed_slave_delivers_what_it_had_computed() {
    let master = FakeMaster::start();
    let wanted = batch(&master, JOB, &[]);
    master.seen(|seen| seen.upload_statuses.extend([503; 10_000]));
    master.serve(mini("mini/satisfiability"), &[wanted]);
    let slave = Slave::start(&master);
    until("the upload failed twice", || {
        master.seen(|seen| seen.upload_attempts) >= 2
    })
    .await;
    let slave = slave.killed_and_started(&master);
    master.seen(|seen| seen.upload_statuses.clear());
    until_accepted(&master, 1).await;
    until("it is forgotten", || slave.num_kept() == 0).await;
    slave.stop().await;
    master.seen(|seen| {
        assert_eq!(seen.accepted[0].0, format!("{JOB}_0"));
        assert_eq!(seen.downloads.len(), 1, "it was computed once");
    });
}

#[tokio::test]
async fn results_that_wait_behind_a_failed_one_are_on_disk() {
    let master = FakeMaster::start();
    let first = batch(&master, JOB, &[]);
    let second = Batch {
        start_nonce: first.batch_size,
        ..first.clone()
    };
    master.seen(|seen| seen.upload_statuses.extend([503; 10_000]));
    master.serve(mini("mini/satisfiability"), &[first, second]);
    let slave = Slave::discouraged(&master);
    until("both are kept", || slave.num_kept() == 2).await;
    assert_eq!(master.seen(|seen| seen.upload_attempts), 1);
    let slave = slave.killed_and_started(&master);
    master.seen(|seen| seen.upload_statuses.clear());
    until_accepted(&master, 2).await;
    slave.stop().await;
}

/// As with a firewall that drops packets: no delivery fails before its time is over.
#[tokio::test]
async fn results_behind_a_hanging_one_are_on_disk() {
    let master = FakeMaster::start();
    let first = batch(&master, JOB, &[]);
    let batches = [0, 1, 2].map(|index| Batch {
        start_nonce: index * first.batch_size,
        ..first.clone()
    });
    master.seen(|seen| seen.upload_time = Duration::from_secs(3_600));
    master.serve(mini("mini/satisfiability"), &batches);
    let slave = Slave::start(&master);
    until("all are kept", || slave.num_kept() == 3).await;
    assert_eq!(master.seen(|seen| seen.upload_attempts), 1);
    master.seen(|seen| seen.upload_time = Duration::ZERO);
    let slave = slave.killed_and_started(&master);
    until_accepted(&master, 3).await;
    slave.stop().await;
}

#[tokio::test]
async fn result_on_its_way_at_the_stop_is_on_disk() {
    let master = FakeMaster::start();
    master.seen(|seen| seen.upload_time = Duration::from_secs(3_600));
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let slave = Slave::start(&master);
    until("the upload has begun", || {
        master.seen(|seen| seen.upload_attempts) >= 1
    })
    .await;
    slave.ask_to_stop();
    until("it is kept", || slave.num_kept() == 1).await;
}

/// As on a disk that is full or read-only: there is no place for results.
#[tokio::test]
async fn result_is_delivered_from_memory_if_disk_fails() {
    let master = FakeMaster::start();
    master.seen(|seen| seen.upload_statuses.extend([503; 3]));
    let slave = Slave::start(&master);
    until("it polls", || master.seen(|seen| seen.polls) > 0).await;
    std::fs::write(slave.folder.join("results"), "in the way").unwrap();
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    until_accepted(&master, 1).await;
    slave.stop().await;
    assert_eq!(master.seen(|seen| seen.upload_attempts), 4);
}

/// As on a disk that is full: a module cannot be kept.
#[tokio::test]
async fn unwritable_module_releases_batch_with_reason() {
    let master = FakeMaster::start();
    let wasm = mini("mini/satisfiability");
    let slave = Slave::start(&master);
    until("it polls", || master.seen(|seen| seen.polls) > 0).await;
    let in_the_way = slave.folder.join(format!("{}.wasm", blake3::hash(&wasm)));
    std::fs::create_dir(&in_the_way).unwrap();
    master.serve(wasm, &[batch(&master, JOB, &[])]);
    until("it is given back", || {
        master.seen(|seen| !seen.released.is_empty())
    })
    .await;
    std::fs::remove_dir(&in_the_way).unwrap();
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    until_accepted(&master, 1).await;
    slave.stop().await;
    let reason = master.seen(|seen| seen.released[0].1.clone());
    assert!(
        reason.contains("cannot use the algorithms folder"),
        "{reason}"
    );
}

#[tokio::test]
async fn rejected_result_is_dropped_and_next_batch_runs() {
    let master = FakeMaster::start();
    master.seen(|seen| seen.upload_statuses.push_back(400));
    master.serve(
        mini("mini/satisfiability"),
        &[batch(&master, JOB, &[]), batch(&master, OTHER_JOB, &[])],
    );
    let slave = Slave::start(&master);
    until_accepted(&master, 1).await;
    slave.stop().await;
    let (attempts, accepted) =
        master.seen(|seen| (seen.upload_attempts, seen.accepted.remove(0).0));
    assert_eq!((attempts, accepted), (2, format!("{OTHER_JOB}_0")));
}

#[tokio::test]
async fn garbage_and_hostile_batches_are_rejected() {
    let master = FakeMaster::start();
    let good = batch(&master, JOB, &[]);
    let mut queue = vec![
        "".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "{\"x\":1}".to_owned(),
    ];
    for id in ["../x", "../../get-batch", "a/b", "a_1", "", "x?y"] {
        let mut hostile = good.clone();
        hostile.benchmark_id = id.to_owned();
        queue.push(json(&hostile));
        let mut hostile = good.clone();
        hostile.settings.algorithm_id = format!("{id}/../x");
        queue.push(json(&hostile));
    }
    let mut broken = good.clone();
    broken.benchmark_id = OTHER_JOB.to_owned();
    broken.batch_size = 33;
    queue.extend([json(&broken), json(&good)]);
    master.serve(mini("mini/satisfiability"), &[]);
    master.seen(|seen| seen.queue.extend(queue));

    let slave = Slave::start(&master);
    until_accepted(&master, 1).await;
    let files = slave.files();
    let outside = std::fs::read_dir(slave.folder.parent().unwrap())
        .unwrap()
        .count();
    slave.stop().await;
    assert_eq!(files.len(), 2, "one module and the index: {files:?}");
    assert_eq!(outside, 1, "nothing is written outside of the folder");
    master.seen(|seen| {
        assert_eq!(seen.upload_attempts, 1);
        assert_eq!(seen.accepted[0].0, format!("{JOB}_0"));
        // Only the batch with a sound id can be given back.
        assert_eq!(seen.released.len(), 1);
        assert_eq!(seen.released[0].0, format!("{OTHER_JOB}_0"));
        assert!(
            seen.released[0].1.contains("batch_size 33"),
            "{:?}",
            seen.released
        );
    });
}
