//! Vices of connections: ports, upgrades, drops, closes, floods, clocks.

use std::io::ErrorKind;

use horde_devnet::{Config, MessageKind, Step, Vices};
use horde_proto::miner::{ToValidator, validator_path};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;

use crate::client::{
    Client, Got, echo_job, one, soon, start, stdout_of, try_connect, uuid, validator,
};

#[tokio::test]
async fn refusing_miner_opens_its_port_again() {
    let devnet = one(&["refuses"]).await;
    let address = devnet.miners()[0].address;
    let refused = || async {
        let opened = TcpStream::connect(address).await;
        opened.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
    };
    // The port closes and opens in the background.
    let until = async |expected: bool| {
        while refused().await != expected {
            tokio::task::yield_now().await;
        }
    };
    soon(until(true)).await;
    devnet.set_vices(Some(0), &Vices::default()).unwrap();
    soon(until(false)).await;
    Client::admitted(&devnet).await;
}

#[tokio::test]
async fn upgrade_is_answered_with_404_or_301() {
    for (vice, expected) in [("answers-404", 404), ("answers-301", 301)] {
        let devnet = one(&[vice]).await;
        let path = validator_path(&validator().public().to_ss58());
        match try_connect(devnet.miners()[0].address, &path).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), expected),
            other => panic!("{vice}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn port_that_speaks_tls_answers_with_an_alert() {
    let devnet = one(&["speaks-tls"]).await;
    let mut stream = TcpStream::connect(devnet.miners()[0].address)
        .await
        .unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 10]);
}

#[tokio::test]
async fn mute_port_answers_when_the_vice_is_over() {
    let devnet = one(&["mute"]).await;
    let mut stream = TcpStream::connect(devnet.miners()[0].address)
        .await
        .unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    devnet.set_vices(Some(0), &Vices::default()).unwrap();
    // The connection ends without an answer, with the vice.
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    assert!(answer.is_empty());
    let path = validator_path(&validator().public().to_ss58());
    let opens = async || {
        while try_connect(devnet.miners()[0].address, &path)
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    soon(opens()).await;
}

#[tokio::test]
async fn deaf_miner_sends_and_reads_nothing_more() {
    let devnet = one(&["stops-reading:manifest"]).await;
    let mut client = Client::admitted(&devnet).await;
    client.reserve(&uuid()).await;
    // Another socket shows that the miner has had its time.
    devnet.set_vices(None, &Vices::default()).unwrap();
    let mut other = Client::admitted(&devnet).await;
    other.prepare(&uuid()).await;
    assert_eq!(
        client.tags().await,
        ["V0AcceptJobRequest", "V0ExecutorReadyRequest"]
    );
    let report = devnet.report(0).unwrap();
    assert_eq!(report.count(MessageKind::Reservation), 1);
}

#[tokio::test]
async fn connections_and_ports_end_with_the_network() {
    let devnet = one(&[]).await;
    let address = devnet.miners()[0].address;
    let mut client = Client::admitted(&devnet).await;
    drop(devnet);
    assert_eq!(client.next().await, Got::Dropped);
    let closed = async || {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    soon(closed()).await;
}

#[tokio::test]
async fn silent_miner_reads_and_says_nothing() {
    let devnet = one(&["silent"]).await;
    let mut client = Client::authenticated(&devnet).await;
    client.reserve(&uuid()).await;
    // A text would be lost here, and so it is looked for in what follows the pong.
    client.settle().await;
    devnet.set_vices(None, &Vices::default()).unwrap();
    client.authenticate().await;
    let tags = client.tags().await;
    assert_eq!(tags, ["V0ExecutorManifestRequest"]);
    let report = devnet.report(0).unwrap();
    assert_eq!(report.reads.len(), 4);
    assert_eq!(report.receipts, []);
}

/// What comes before the connection ends at a step of a job.
async fn tags_until_end(vice: &str) -> (Vec<&'static str>, Got) {
    let devnet = one(&[vice]).await;
    let mut client = Client::authenticated(&devnet).await;
    let uuid = uuid();
    client.reserve(&uuid).await;
    client.confirm(&uuid).await;
    client.run(echo_job(&uuid)).await;
    let mut tags = Vec::new();
    loop {
        match client.next().await {
            Got::Text(text) => tags.push(ToValidator::parse(&text).unwrap().tag()),
            end => return (tags, end),
        }
    }
}

/// What an honest miner sends, by steps.
const ALL_TAGS: [&str; 5] = [
    "V0ExecutorManifestRequest",
    "V0AcceptJobRequest",
    "V0ExecutorReadyRequest",
    "V0MachineSpecsRequest",
    "V0JobFinishedRequest",
];

#[tokio::test]
async fn socket_is_dropped_after_each_step() {
    for step in Step::ALL {
        let expected = match step {
            Step::Auth => 0,
            Step::Manifest => 1,
            Step::Accept => 2,
            Step::Ready | Step::Run => 3,
            Step::Result => 5,
        };
        let (tags, end) = tags_until_end(&format!("drops:{step}")).await;
        assert_eq!(tags, ALL_TAGS[..expected], "{step}");
        assert_eq!(end, Got::Dropped, "{step}");
    }
}

#[tokio::test]
async fn socket_is_closed_with_1011_after_a_step() {
    let (tags, end) = tags_until_end("closes-1011:accept").await;
    assert_eq!(tags, ALL_TAGS[..2]);
    assert_eq!(end, Got::Closed(Some(1011)));
    let (tags, end) = tags_until_end("closes-1011").await;
    assert_eq!(tags, ALL_TAGS[..3]);
    assert_eq!(end, Got::Closed(Some(1011)));
}

#[tokio::test]
async fn job_of_a_dropped_socket_goes_on_at_the_next() {
    let devnet = one(&["drops-once:ready"]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.reserve(&uuid).await;
    let tags = client.tags().await;
    assert_eq!(tags, ["V0AcceptJobRequest", "V0ExecutorReadyRequest"]);
    assert_eq!(client.next().await, Got::Dropped);
    let mut client = Client::admitted(&devnet).await;
    // The executor still waits for the payload, which the miner says again.
    assert_eq!(client.tags().await, ["V0ExecutorReadyRequest"]);
    client.confirm(&uuid).await;
    client.run(echo_job(&uuid)).await;
    assert_eq!(stdout_of(client.message().await, &uuid), "organic!");
    client.settle().await;
    assert_eq!(devnet.report(0).unwrap().violations, []);
}

#[tokio::test]
async fn unreported_result_comes_with_the_next_socket() {
    for vice in ["late-result", "late-result:20", "drops-once:run"] {
        let devnet = one(&[vice]).await;
        let mut client = Client::admitted(&devnet).await;
        let uuid = uuid();
        client.prepare(&uuid).await;
        client.run(echo_job(&uuid)).await;
        assert_eq!(client.next().await, Got::Dropped, "{vice}");
        let mut client = Client::admitted(&devnet).await;
        assert_eq!(stdout_of(client.message().await, &uuid), "organic!");
        // It is reported once.
        let mut client = Client::admitted(&devnet).await;
        client.prepare(&crate::client::uuid()).await;
    }
}

#[tokio::test]
async fn events_go_to_all_sockets_of_the_validator() {
    let devnet = one(&[]).await;
    let mut first = Client::admitted(&devnet).await;
    let mut second = Client::admitted(&devnet).await;
    first.reserve(&uuid()).await;
    let expected = ["V0AcceptJobRequest", "V0ExecutorReadyRequest"];
    assert_eq!(first.tags().await, expected);
    assert_eq!(second.tags().await, expected);
}

#[tokio::test]
async fn floods_do_not_keep_a_miner_from_working() {
    for (vice, flood) in [
        ("floods-pings", Got::Ping),
        (
            "floods-frames:5000",
            Got::Text("{\"message_type\":\"GenericError\",\"details\":null}".to_owned()),
        ),
    ] {
        let devnet = one(&[vice]).await;
        let mut client = Client::authenticated(&devnet).await;
        let mut floods = 0;
        let mut texts = 0;
        // Both come: the manifest, and far more of the flood than anything else.
        while floods < 500 || texts < 1 {
            match client.next().await {
                got if got == flood => floods += 1,
                Got::Text(_) => texts += 1,
                other => panic!("{vice}: {other:?}"),
            }
        }
        devnet.set_vices(None, &Vices::default()).unwrap();
        client.reserve(&uuid()).await;
        let mut tags = Vec::new();
        while tags.len() < 2 {
            if let Got::Text(text) = client.next().await {
                let message = ToValidator::parse(&text).unwrap();
                tags.extend(message.job_uuid().map(|_| message.tag()));
            }
        }
        assert_eq!(tags, ["V0AcceptJobRequest", "V0ExecutorReadyRequest"]);
    }
}

#[tokio::test]
async fn clock_an_hour_ahead_refuses_what_is_fresh() {
    let devnet = one(&["clock-off"]).await;
    let mut client = Client::authenticated(&devnet).await;
    let ToValidator::GenericError(error) = client.message().await else {
        panic!("no refusal");
    };
    assert!(error.details.unwrap().ends_with("due to: msg too old"));
    // Late clocks take everything.
    let devnet = one(&["clock-off:-3600"]).await;
    Client::admitted(&devnet).await;
}

#[tokio::test]
async fn vices_are_of_one_miner() {
    let devnet = start(Config {
        miners: 2,
        vices: [(0, Vices::parse(&["drops:auth"]).unwrap())].into(),
        ..Config::default()
    })
    .await;
    let mut client = Client::authenticated(&devnet).await;
    assert_eq!(client.next().await, Got::Dropped);
    let mut client = Client::open_to(&devnet.miners()[1]).await;
    client.authenticate().await;
    assert_eq!(client.tags().await, ["V0ExecutorManifestRequest"]);
}
