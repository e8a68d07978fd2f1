//! Vices of jobs: declines, wrong order, other uuids, failures.

use horde_devnet::{Config, Vices};
use horde_proto::miner::ToValidator;

use crate::client::{Client, echo_job, one, start, uuid};

/// The types of what comes for one job, with whether it is for that job.
async fn steps<const N: usize>(vice: &str) -> [(&'static str, bool); N] {
    let devnet = one(&[vice]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.reserve(&uuid).await;
    client.confirm(&uuid).await;
    client.run(echo_job(&uuid)).await;
    let mut steps = [("", false); N];
    for step in &mut steps {
        let message = client.message().await;
        *step = (message.tag(), message.job_uuid() == Some(uuid.as_str()));
    }
    client.settle().await;
    steps
}

const ACCEPT: &str = "V0AcceptJobRequest";
const READY: &str = "V0ExecutorReadyRequest";
const FAILED: &str = "V0ExecutorFailedRequest";
const RESULT: &str = "V0JobFinishedRequest";

#[tokio::test]
async fn declining_miner_declines_each_job() {
    assert_eq!(steps("declines").await, [("V0DeclineJobRequest", true)]);
}

#[tokio::test]
async fn answers_come_in_the_wrong_order() {
    let expected = [(READY, true), (ACCEPT, true), (RESULT, true)];
    assert_eq!(steps("ready-before-accept").await, expected);
    let devnet = one(&["finished-before-run"]).await;
    let mut client = Client::admitted(&devnet).await;
    client.reserve(&uuid()).await;
    assert_eq!(client.tags().await, [ACCEPT, READY, RESULT]);
}

#[tokio::test]
async fn executors_fail_before_or_after_they_are_ready() {
    assert_eq!(
        steps("fails-to-prepare").await,
        [(ACCEPT, true), (FAILED, true)]
    );
    let expected = [(ACCEPT, true), (READY, true), (FAILED, true)];
    assert_eq!(steps("failed-after-ready").await, expected);
}

#[tokio::test]
async fn failed_executor_has_a_result_at_the_next_socket() {
    let devnet = one(&["fails-to-prepare"]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.reserve(&uuid).await;
    assert_eq!(client.tags().await, [ACCEPT, FAILED]);
    let mut client = Client::admitted(&devnet).await;
    let ToValidator::JobFailed(failed) = client.message().await else {
        panic!("no result");
    };
    assert_eq!(failed.job_uuid, uuid);
    assert_eq!(failed.docker_process_exit_status, None);
}

#[tokio::test]
async fn failed_job_has_an_exit_status() {
    let expected = [(ACCEPT, true), (READY, true), ("V0JobFailedRequest", true)];
    assert_eq!(steps("fails-jobs").await, expected);
}

#[tokio::test]
async fn everything_is_said_twice() {
    let expected = [ACCEPT, ACCEPT, READY, READY, RESULT, RESULT].map(|tag| (tag, true));
    assert_eq!(steps("twice").await, expected);
}

#[tokio::test]
async fn everything_is_said_for_another_uuid_first() {
    let expected = [
        (ACCEPT, false),
        (ACCEPT, true),
        (READY, false),
        (READY, true),
        (RESULT, false),
        (RESULT, true),
    ];
    assert_eq!(steps("others-uuids").await, expected);
}

#[tokio::test]
async fn other_uuid_is_that_of_a_finished_job() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let (finished, next) = (uuid(), uuid());
    client.prepare(&finished).await;
    client.run(echo_job(&finished)).await;
    client.message().await;
    for (vice, expected) in [
        ("others-uuids:finished", finished.as_str()),
        (
            "others-uuids:nobody",
            "00000000-0000-4000-8000-000000000000",
        ),
    ] {
        let vices = Vices::parse(&["declines", vice]).unwrap();
        devnet.set_vices(None, &vices).unwrap();
        client.reserve(&format!("{next}-{vice}")).await;
        assert_eq!(client.message().await.job_uuid(), Some(expected));
        client.message().await;
    }
}

#[tokio::test]
async fn other_uuid_is_that_of_another_miner() {
    let devnet = start(Config {
        miners: 2,
        vices: [(0, Vices::parse(&["others-uuids"]).unwrap())].into(),
        ..Config::default()
    })
    .await;
    let mut honest = Client::open_to(&devnet.miners()[1]).await;
    honest.authenticate().await;
    honest.message().await;
    let (theirs, ours) = (uuid(), uuid());
    honest.prepare(&theirs).await;
    let mut client = Client::admitted(&devnet).await;
    client.reserve(&ours).await;
    let uuids = [client.message().await, client.message().await];
    let uuids = uuids.map(|message| message.job_uuid().unwrap().to_owned());
    assert_eq!(uuids, [theirs, ours]);
}

#[tokio::test]
async fn busy_miner_blocks_the_socket() {
    let devnet = one(&["blocks-when-busy"]).await;
    let mut first = Client::admitted(&devnet).await;
    let mut second = Client::admitted(&devnet).await;
    let (running, waiting) = (uuid(), uuid());
    first.prepare(&running).await;
    assert_eq!(second.tags().await, [ACCEPT, READY]);
    second.reserve(&waiting).await;
    second.confirm(&waiting).await;
    second.run(echo_job(&waiting)).await;
    second.settle().await;
    // All of the second socket waits for the executor that the first one frees.
    first.run(echo_job(&running)).await;
    let mut said = Vec::new();
    for _ in 0..4 {
        let message = first.message().await;
        said.push((message.tag(), message.job_uuid() == Some(&waiting)));
    }
    let expected = [
        (RESULT, false),
        (ACCEPT, true),
        (READY, true),
        (RESULT, true),
    ];
    assert_eq!(said, expected);
    second.settle().await;
    assert_eq!(devnet.report(0).unwrap().violations, []);
}

#[tokio::test]
async fn busy_miner_is_silent_until_an_executor_is_free() {
    let devnet = one(&["silent-when-busy"]).await;
    let mut client = Client::admitted(&devnet).await;
    let (first, second) = (uuid(), uuid());
    client.prepare(&first).await;
    client.reserve(&second).await;
    client.run(echo_job(&first)).await;
    let mut uuids = Vec::new();
    for expected in [RESULT, ACCEPT, READY] {
        let message = client.message().await;
        assert_eq!(message.tag(), expected);
        uuids.push(message.job_uuid().unwrap().to_owned());
    }
    assert_eq!(uuids, [first, second.clone(), second]);
}
