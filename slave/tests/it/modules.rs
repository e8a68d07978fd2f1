//! The module behind a URL is broken, replaced, or still the same.

use crate::fixture::{JOB, OTHER_JOB, Slave, batch, computed, mini, until, until_accepted};
use crate::master::FakeMaster;

#[tokio::test]
async fn truncated_module_is_fetched_again_not_used() {
    let master = FakeMaster::start();
    let (wasm, wanted) = (mini("mini/satisfiability"), batch(&master, JOB, &[]));
    master.seen(|seen| seen.truncated_downloads = 2);
    master.serve(wasm.clone(), std::slice::from_ref(&wanted));
    let slave = Slave::start(&master);
    until_accepted(&master, 1).await;
    let files = slave.files();
    slave.stop().await;
    let result = master.seen(|seen| seen.accepted.remove(0).1);
    assert_eq!(
        result,
        serde_json::to_value(computed(&wanted, &wasm)).unwrap()
    );
    assert_eq!(
        files,
        [
            format!("{}.wasm", blake3::hash(&wasm)),
            "index.json".to_owned()
        ]
    );
    assert_eq!(master.seen(|seen| seen.downloads.clone()), [200, 200, 200]);
}

#[tokio::test]
async fn batch_without_a_sound_module_is_given_back() {
    let master = FakeMaster::start();
    master.serve(
        b"<html>not found</html>".to_vec(),
        &[batch(&master, JOB, &[])],
    );
    let slave = Slave::start(&master);
    until("the batch is given back", || {
        master.seen(|seen| !seen.released.is_empty())
    })
    .await;
    assert_eq!(slave.files(), Vec::<String>::new());
    slave.stop().await;
    let reason = master.seen(|seen| seen.released.remove(0).1);
    assert!(reason.contains("not a WASM module"), "{reason}");
}

/// A job keeps the module of its first batch; the next job asks, and uses what is there now.
#[tokio::test]
async fn module_replaced_at_its_url_is_used_by_the_next_job() {
    let master = FakeMaster::start();
    let (old, new) = (mini("mini/satisfiability"), mini("mini/knapsack"));
    let (first, second) = (batch(&master, JOB, &[]), batch(&master, OTHER_JOB, &[]));
    master.seen(|seen| seen.etag = Some("\"old\"".to_owned()));
    master.serve(old.clone(), std::slice::from_ref(&first));
    let slave = Slave::start(&master);
    until_accepted(&master, 1).await;
    master.seen(|seen| seen.etag = Some("\"new\"".to_owned()));
    master.serve(new.clone(), &[first.clone(), second.clone()]);
    until_accepted(&master, 3).await;
    slave.stop().await;
    let roots: Vec<_> = master.seen(|seen| {
        seen.accepted
            .drain(..)
            .map(|(_, result)| result["merkle_root"].clone())
            .collect()
    });
    let root = |batch, wasm| serde_json::to_value(computed(batch, wasm).merkle_root).unwrap();
    assert_eq!(
        roots,
        [root(&first, &old), root(&first, &old), root(&second, &new)]
    );
    assert_ne!(roots[0], roots[2]);
    assert_eq!(master.seen(|seen| seen.downloads.clone()), [200, 200]);
}

#[tokio::test]
async fn unchanged_module_is_asked_for_once_per_job() {
    let master = FakeMaster::start();
    master.seen(|seen| seen.etag = Some("\"same\"".to_owned()));
    let (first, second) = (batch(&master, JOB, &[]), batch(&master, OTHER_JOB, &[]));
    master.serve(
        mini("mini/satisfiability"),
        &[first.clone(), first, second.clone(), second],
    );
    let slave = Slave::start(&master);
    until_accepted(&master, 4).await;
    slave.stop().await;
    assert_eq!(master.seen(|seen| seen.downloads.clone()), [200, 304]);
}

#[tokio::test]
async fn damaged_file_is_replaced() {
    let master = FakeMaster::start();
    let wasm = mini("mini/satisfiability");
    let wanted = batch(&master, JOB, &[]);
    let file = format!("{}.wasm", blake3::hash(&wasm));
    master.seen(|seen| seen.etag = Some("\"same\"".to_owned()));
    let slave = Slave::start(&master);
    // As an earlier slave might have left it: half a module under the final name.
    until("the folder is there", || slave.folder.is_dir()).await;
    std::fs::write(slave.folder.join(&file), &wasm[..wasm.len() / 2]).unwrap();
    master.serve(wasm.clone(), std::slice::from_ref(&wanted));
    until_accepted(&master, 1).await;
    assert_eq!(std::fs::read(slave.folder.join(&file)).unwrap(), wasm);
    slave.stop().await;
}

/// As on a full disk, where the module itself is there already.
#[tokio::test]
async fn index_that_cannot_be_written_costs_no_batch() {
    let master = FakeMaster::start();
    let slave = Slave::start(&master);
    until("the folder is there", || slave.folder.is_dir()).await;
    std::fs::create_dir(slave.folder.join("index.json")).unwrap();
    master.serve(mini("mini/satisfiability"), &[batch(&master, JOB, &[])]);
    until_accepted(&master, 1).await;
    slave.stop().await;
}
