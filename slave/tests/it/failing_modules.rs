//! A slave that cannot run an algorithm says so once, and goes on with others.

use std::time::Duration;

use tig_protocol::Backoff;

use crate::fixture::{JOB, OTHER_JOB, Slave, batch, mini, until, until_accepted};
use crate::master::FakeMaster;

/// Longer than the test.
const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn failing_algorithm_is_given_back_untried() {
    let master = FakeMaster::start();
    let (mut bad, good) = (batch(&master, JOB, &[]), batch(&master, OTHER_JOB, &[]));
    bad.settings.algorithm_id = "c001_bad".to_owned();
    // Nobody listens there.
    bad.download_url = "http://127.0.0.1:1/wasm".to_owned();
    let queue = [bad.clone(), bad.clone(), bad, good];
    master.serve(mini("mini/satisfiability"), &queue);
    let unable = Backoff {
        first: HOUR,
        max: HOUR,
    };
    let slave = Slave::patient(&master, unable);
    until_accepted(&master, 1).await;
    slave.stop().await;
    let (released, retries_ms) =
        master.seen(|seen| (seen.released.clone(), seen.retries_ms.clone()));
    assert_eq!(released.len(), 3);
    assert!(
        released[0].1.contains("cannot reach the download server"),
        "{released:?}"
    );
    assert!(
        released.iter().all(|(_, reason)| *reason == released[0].1),
        "{released:?}"
    );
    assert!(
        retries_ms
            .iter()
            .all(|retry| retry.is_some_and(|ms| ms > 0)),
        "{retries_ms:?}"
    );
}

#[tokio::test]
async fn algorithm_runs_again_once_its_module_is_there() {
    let master = FakeMaster::start();
    master.serve(b"<html>".to_vec(), &[batch(&master, JOB, &[])]);
    let slave = Slave::start(&master);
    until("the batch is given back", || {
        master.seen(|seen| !seen.released.is_empty())
    })
    .await;
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    until_accepted(&master, 1).await;
    slave.stop().await;
}
