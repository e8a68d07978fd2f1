//! External workers: scripts that answer, fail, lie or hang.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tig_slave::engine::{Engine, External};

use crate::fixture::{
    JOB, OTHER_JOB, Slave, batch, computed, is_gone, mini, until, until_accepted,
};
use crate::master::FakeMaster;

/// An executable shell script in `folder`.
pub(crate) fn script(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("tig-worker");
    std::fs::write(
        &path,
        format!("#!/bin/sh\ncd '{}'\n{body}\n", folder.display()),
    )
    .unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn engine(folder: &Path, body: &str) -> Engine {
    Engine::External(External::new(script(folder, body), None))
}

#[tokio::test]
async fn external_worker_gets_the_documented_arguments() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let (wasm, wanted) = (mini("mini/satisfiability"), batch(&master, JOB, &[9, 6]));
    let result = serde_json::to_string(&computed(&wanted, &wasm)).unwrap();
    std::fs::write(folder.path().join("result"), &result).unwrap();
    master.serve(wasm.clone(), std::slice::from_ref(&wanted));
    let slave = Slave::with_engine(
        &master,
        engine(
            folder.path(),
            "printf '%s\\n' \"$@\" > arguments\ncat result",
        ),
    );
    until_accepted(&master, 1).await;
    let file = slave.folder.join(format!("{}.wasm", blake3::hash(&wasm)));
    slave.stop().await;
    assert_eq!(
        master.seen(|seen| seen.accepted.remove(0).1.to_string()),
        result
    );
    let arguments = std::fs::read_to_string(folder.path().join("arguments")).unwrap();
    let wanted = [
        "compute_batch",
        r#"{"algorithm_id":"c001_mini","block_id":"pub_block_1234567890abcdef","challenge_id":"c001","difficulty":[50,300],"player_id":"0x000000000000000000000000000000000001d001"}"#,
        "public_mini_satisfiability_0",
        "0",
        "32",
        "32",
        file.to_str().unwrap(),
        "--mem",
        "1000000000",
        "--fuel",
        "2000000000",
        "--workers",
        "2",
        "--sampled",
        "9",
        "6",
    ];
    assert_eq!(arguments.lines().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn failed_worker_releases_batch_with_stderr_tail() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let slave = Slave::with_engine(
        &master,
        engine(folder.path(), "echo 'Error: out of luck' >&2\nexit 3"),
    );
    until("the batch is given back", || {
        master.seen(|seen| !seen.released.is_empty())
    })
    .await;
    slave.stop().await;
    let (attempts, reason) = master.seen(|seen| (seen.upload_attempts, seen.released.remove(0).1));
    assert_eq!(attempts, 0);
    assert!(
        reason.contains("exit status: 3") && reason.contains("out of luck"),
        "{reason}"
    );
}

#[tokio::test]
async fn invalid_worker_result_is_not_posted() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let wanted = batch(&master, JOB, &[6, 9]);
    let sound = computed(&wanted, &mini("mini/satisfiability"));
    let mut faults = Vec::new();
    let mut outside = sound.clone();
    outside.solution_nonces.push(32);
    faults.push((outside, "solution nonce 32 is not in the batch"));
    let mut twice = sound.clone();
    twice.solution_nonces.push(1);
    faults.push((twice, "solution nonce 1 is listed twice"));
    let mut missing = sound.clone();
    missing.merkle_proofs.pop();
    faults.push((
        missing,
        "proofs are for nonces [6], but sampled were [6, 9]",
    ));
    let mut forged = sound;
    forged.merkle_proofs[0].leaf.fuel_consumed += 1;
    faults.push((
        forged,
        "the branch of nonce 6 does not lead to the merkle root",
    ));
    for (number, (result, _)) in faults.iter().enumerate() {
        std::fs::write(
            folder.path().join(format!("result{number}")),
            serde_json::to_vec(result).unwrap(),
        )
        .unwrap();
    }
    // Each run prints the next file, then garbage.
    let body =
        "n=$(cat count 2>/dev/null || echo 0)\necho $((n+1)) > count\ncat result$n || echo garbage";
    master.serve(mini("mini/satisfiability"), &vec![wanted; faults.len() + 1]);
    let slave = Slave::with_engine(&master, engine(folder.path(), body));
    until("all are given back", || {
        master.seen(|seen| seen.released.len()) > faults.len()
    })
    .await;
    slave.stop().await;
    let reasons: Vec<String> =
        master.seen(|seen| seen.released.drain(..).map(|(_, reason)| reason).collect());
    for (reason, (_, wanted)) in reasons.iter().zip(&faults) {
        assert!(reason.contains(wanted), "{reason} / {wanted}");
    }
    assert!(
        reasons[faults.len()].contains("not a batch result")
            || reasons[faults.len()].contains("exit status")
    );
    assert_eq!(master.seen(|seen| seen.upload_attempts), 0);
}

/// Prints the process ids of the worker and of its child, then hangs.
const HANG: &str = "sleep 1000 &\necho $$ $! > pids.new\nmv pids.new pids\nwait";

async fn pids(folder: &Path) -> Vec<String> {
    let path = folder.join("pids");
    until("the worker runs", || path.is_file()).await;
    std::fs::read_to_string(path)
        .unwrap()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn stop_kills_worker_tree_and_releases_its_batch() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    master.serve(
        mini("mini/satisfiability"),
        &[batch(&master, JOB, &[]), batch(&master, OTHER_JOB, &[])],
    );
    let slave = Slave::with_engine(&master, engine(folder.path(), HANG));
    let pids = pids(folder.path()).await;
    until("both batches are out", || {
        master.seen(|seen| seen.queue.is_empty())
    })
    .await;
    slave.stop().await;
    until("the worker and its child are gone", || {
        pids.iter().all(|pid| is_gone(pid))
    })
    .await;
    let mut released: Vec<String> =
        master.seen(|seen| seen.released.drain(..).map(|(id, _)| id).collect());
    released.retain(|id| id.starts_with(JOB));
    assert_eq!(released, [format!("{JOB}_0")]);
}

#[tokio::test]
async fn worker_over_time_limit_is_killed_with_children() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    let mut external = External::new(script(folder.path(), HANG), None);
    // Time for the script to start its child and to name both.
    external.time_limit = Duration::from_secs(5);
    let slave = Slave::with_engine(&master, Engine::External(external));
    until("the batch is given back", || {
        master.seen(|seen| !seen.released.is_empty())
    })
    .await;
    let pids = pids(folder.path()).await;
    until("the worker and its child are gone", || {
        pids.iter().all(|pid| is_gone(pid))
    })
    .await;
    slave.stop().await;
    assert!(
        master
            .seen(|seen| seen.released.remove(0).1)
            .contains("killed after")
    );
}

fn many(master: &FakeMaster) -> Vec<tig_protocol::Batch> {
    let batches = (0..20).map(|number| {
        let mut next = batch(master, JOB, &[]);
        (next.num_nonces, next.batch_size, next.start_nonce) = (4, 4, 4 * number);
        next
    });
    batches.collect()
}

#[tokio::test]
async fn slave_at_a_long_batch_holds_only_one_more() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let all = many(&master);
    master.serve(mini("mini/satisfiability"), &all);
    let slave = Slave::with_engine(&master, engine(folder.path(), HANG));
    pids(folder.path()).await;
    until("one more is fetched", || {
        master.seen(|seen| seen.queue.len()) <= all.len() - 2
    })
    .await;
    slave.stop().await;
    assert_eq!(master.seen(|seen| seen.queue.len()), all.len() - 2);
}

#[tokio::test]
async fn short_batches_are_fetched_ahead_of_slow_download() {
    let (master, folder) = (FakeMaster::start(), tempfile::tempdir().unwrap());
    let (all, wasm) = (many(&master), mini("mini/satisfiability"));
    for next in &all {
        let result = serde_json::to_vec(&computed(next, &wasm)).unwrap();
        let name = format!("result{}", next.start_nonce);
        std::fs::write(folder.path().join(name), result).unwrap();
    }
    master.seen(|seen| seen.download_time = Duration::from_secs(1));
    master.serve(wasm, &all);
    // Three short ones, then one without end.
    let body = format!("test $4 -ge 12 || exec cat result$4\n{HANG}");
    let slave = Slave::with_engine(&master, engine(folder.path(), &body));
    // At most three computed, one at work, so more than one ahead.
    until("more than one is ahead", || {
        master.seen(|seen| seen.queue.len()) < all.len() - 5
    })
    .await;
    slave.stop().await;
    let (left, given_back, done) =
        master.seen(|seen| (seen.queue.len(), seen.released.len(), seen.accepted.len()));
    // The answer to a poll may be under way at the stop.
    assert!(left + given_back + done >= all.len() - 1);
}
