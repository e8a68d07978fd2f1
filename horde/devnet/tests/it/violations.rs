//! What a validator does against the protocol is in the report.

use horde_devnet::{Devnet, ViolationKind};
use horde_proto::miner::{GenericError, JobRequest, ToMiner, ToValidator};
use horde_proto::receipt::ReceiptPayload;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, Got, echo_job, echo_volume, one, uuid};

/// The violations so far.
async fn kinds(devnet: &Devnet, client: &mut Client) -> Vec<ViolationKind> {
    client.settle().await;
    let violations = devnet.report(0).unwrap().violations.into_iter();
    violations.map(|violation| violation.kind).collect()
}

#[tokio::test]
async fn malformed_and_binary_frames_are_recorded() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    client.send_text("{").await;
    let ToValidator::GenericError(GenericError { details }) = client.message().await else {
        panic!("no error");
    };
    assert!(
        details
            .unwrap()
            .starts_with("the frame cannot be read as JSON")
    );
    client.send_raw(Message::binary(vec![0])).await;
    let kinds = kinds(&devnet, &mut client).await;
    assert_eq!(
        kinds,
        [ViolationKind::Malformed, ViolationKind::BinaryFrame]
    );
}

#[tokio::test]
async fn messages_out_of_order_are_recorded() {
    let devnet = one(&[]).await;
    let mut client = Client::open(&devnet).await;
    client.reserve(&uuid()).await;
    client.authenticate().await;
    // What came too early is handled all the same, as by the reference.
    let tags = client.tags::<3>().await;
    assert_eq!(tags[1], "V0AcceptJobRequest");
    client.authenticate().await;
    let unknown = uuid();
    client.run(echo_job(&unknown)).await;
    let error = client.message().await;
    assert!(matches!(error, ToValidator::GenericError(_)), "{error:?}");
    let kinds = kinds(&devnet, &mut client).await;
    let expected = [
        ViolationKind::NotAuthenticated,
        ViolationKind::AuthenticatedTwice,
        ViolationKind::RunOfUnknownJob,
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn run_without_receipt_and_run_twice_are_recorded() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.reserve(&uuid).await;
    client.tags::<2>().await;
    client.run(echo_job(&uuid)).await;
    client.message().await;
    client.run(echo_job(&uuid)).await;
    let kinds = kinds(&devnet, &mut client).await;
    let expected = [ViolationKind::RunWithoutReceipt, ViolationKind::RunTwice];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn volume_of_reservation_and_run_is_recorded() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    let mut reservation = client.reservation(&uuid);
    reservation.volume = Some(echo_volume());
    client
        .send(ToMiner::InitialJob(Box::new(reservation)))
        .await;
    client.tags::<2>().await;
    client.confirm(&uuid).await;
    client.run(echo_job(&uuid)).await;
    let error = client.message().await;
    assert!(matches!(error, ToValidator::GenericError(_)), "{error:?}");
    let request = JobRequest {
        volume: None,
        ..echo_job(&uuid)
    };
    client.run(request).await;
    assert_eq!(client.tags().await, ["V0JobFinishedRequest"]);
    let kinds = kinds(&devnet, &mut client).await;
    assert_eq!(kinds, [ViolationKind::VolumeTwice]);
}

#[tokio::test]
async fn receipts_that_do_not_count_are_dropped() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let first = uuid();
    let mut reservation = client.reservation(&first);
    // Signed, but for another content.
    reservation.job_started_receipt_payload.ttl += 1;
    client
        .send(ToMiner::InitialJob(Box::new(reservation)))
        .await;
    client.tags::<2>().await;
    let mut foreign = client.accepted_receipt(&first);
    foreign
        .payload
        .miner_hotkey
        .clone_from(&foreign.payload.validator_hotkey);
    client.send(ToMiner::JobAcceptedReceipt(foreign)).await;
    client.confirm(&first).await;
    client.acknowledge(&first).await;
    let kinds = kinds(&devnet, &mut client).await;
    let expected = [
        ViolationKind::ForeignReceipt,
        ViolationKind::FinishedReceiptEarly,
        ViolationKind::ReceiptSignature,
    ];
    assert_eq!(kinds, expected);
    let receipts = devnet.report(0).unwrap().receipts;
    let tags: Vec<_> = receipts
        .iter()
        .map(|receipt| receipt.payload.tag())
        .collect();
    assert_eq!(tags, ["JobAcceptedReceipt", "JobFinishedReceipt"]);
    assert!(matches!(
        receipts[0].payload,
        ReceiptPayload::JobAccepted(_)
    ));
}

#[tokio::test]
async fn receipts_of_unknown_and_declined_jobs_are_recorded() {
    let devnet = one(&["declines"]).await;
    let mut client = Client::admitted(&devnet).await;
    let declined = uuid();
    client.reserve(&declined).await;
    client.message().await;
    client.confirm(&declined).await;
    client.run(echo_job(&declined)).await;
    client.confirm(&uuid()).await;
    let seen = kinds(&devnet, &mut client).await;
    let expected = [
        ViolationKind::AcceptedReceiptEarly,
        ViolationKind::RunEarly,
        ViolationKind::ReceiptOfUnknownJob,
    ];
    assert_eq!(seen, expected);
    // The handler of the reference dies of this one.
    client.acknowledge(&uuid()).await;
    assert_eq!(client.next().await, Got::Closed(Some(1011)));
}

/// The store of a miner has one receipt of a type per job, and its handler dies of a second one, on whichever connection it comes.
#[tokio::test]
async fn second_copy_ends_the_connection() {
    let devnet = one(&[]).await;
    let mut client = Client::admitted(&devnet).await;
    let [first, other] = [uuid(), uuid()];
    client.reserve(&first).await;
    client.tags::<2>().await;
    client.confirm(&first).await;
    let accepted = client.accepted_receipt(&first);
    let copies = [
        ToMiner::InitialJob(Box::new(client.reservation(&first))),
        ToMiner::JobAcceptedReceipt(accepted),
    ];
    client.settle().await;
    drop(client);
    for copy in copies {
        let mut client = Client::admitted(&devnet).await;
        client.send(copy).await;
        // The executor is still reserved.
        assert_eq!(client.tags().await, ["V0ExecutorReadyRequest"]);
        assert_eq!(client.next().await, Got::Closed(Some(1011)));
    }
    let mut client = Client::admitted(&devnet).await;
    client.reserve(&other).await;
    // The executor of the first job, and the answer to the second.
    client.tags::<2>().await;
    client.reserve(&other).await;
    assert_eq!(client.next().await, Got::Closed(Some(1011)));
    let violations = devnet.report(0).unwrap().violations.into_iter();
    let kinds: Vec<_> = violations.map(|violation| violation.kind).collect();
    // After a drop a validator cannot know whether its reservation had come, but it knows on one connection.
    let expected = [ViolationKind::ReceiptTwice, ViolationKind::ReservedTwice];
    assert_eq!(kinds, expected);
}
