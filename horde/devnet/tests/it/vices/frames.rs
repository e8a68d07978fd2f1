//! Vices of frames: not messages, too large, binary, late.

use std::time::{Duration, Instant};

use horde_devnet::{Config, Step, Vices};
use horde_proto::miner::{OUTPUT_CHARS_MAX, ToValidator};

use crate::client::{Client, ECHO_VOLUME, Got, echo_job, one, start, stdout_of, uuid};

/// The texts of a job until its result.
async fn texts(vice: &str) -> Vec<String> {
    let devnet = one(&[vice]).await;
    let mut client = Client::authenticated(&devnet).await;
    let uuid = uuid();
    client.reserve(&uuid).await;
    client.confirm(&uuid).await;
    client.run(echo_job(&uuid)).await;
    let mut texts = Vec::new();
    while texts
        .last()
        .is_none_or(|last: &String| !last.contains("docker_process_stdout"))
    {
        texts.push(client.text().await);
    }
    texts
}

#[tokio::test]
async fn faulty_frames_come_before_each_step() {
    for (name, part) in [
        ("generic-error", "\"GenericError\""),
        ("not-json", "{\"message_type\": \"V0AcceptJobRequest\", "),
        ("no-message-type", "{\"details\":"),
        ("unknown-message", "V9UnknownRequest"),
    ] {
        for step in Step::ALL {
            let expected = match step {
                Step::Auth | Step::Manifest => 0,
                Step::Accept => 1,
                Step::Ready => 2,
                Step::Run => 3,
                // Machine specs come before the result.
                Step::Result => 4,
            };
            let texts = texts(&format!("{name}:{step}")).await;
            let place = texts.iter().position(|text| text.contains(part));
            assert_eq!(place, Some(expected), "{name}:{step}");
            assert_eq!(texts.len(), 6, "{name}:{step}");
        }
    }
}

#[tokio::test]
async fn binary_frames_hold_the_messages() {
    let devnet = one(&["binary-frames"]).await;
    let mut client = Client::authenticated(&devnet).await;
    let Got::Binary(bytes) = client.next().await else {
        panic!("no binary frame");
    };
    let message = ToValidator::parse(std::str::from_utf8(&bytes).unwrap()).unwrap();
    assert!(matches!(message, ToValidator::ExecutorManifest(_)));
}

#[tokio::test]
async fn huge_frame_follows_the_manifest() {
    let devnet = one(&["huge-frame"]).await;
    let mut client = Client::admitted(&devnet).await;
    assert!(client.text().await.len() > 60 << 20);
}

#[tokio::test]
async fn large_stdout_is_not_shortened() {
    let devnet = one(&["large-stdout:2"]).await;
    let mut client = Client::admitted(&devnet).await;
    let uuid = uuid();
    client.prepare(&uuid).await;
    client.run(echo_job(&uuid)).await;
    assert_eq!(stdout_of(client.message().await, &uuid).len(), 2 << 20);
}

#[tokio::test]
async fn odd_characters_follow_the_answer() {
    let texts = texts("odd-stdout").await;
    let result = texts.last().unwrap();
    let escapes = "organic!\\u0000\\u0007\\u001b[31m\\u0085\\u2028\\udc00\\ud800\"";
    assert!(result.contains(escapes), "{result}");
    let Ok(ToValidator::JobFinished(finished)) = ToValidator::parse(result) else {
        panic!("not a result: {result}");
    };
    assert!(
        finished
            .docker_process_stdout
            .starts_with("organic!\0\u{7}\u{1b}[31m")
    );
}

#[tokio::test]
async fn slow_miner_sends_later() {
    let devnet = one(&["slow:80"]).await;
    let mut client = Client::open(&devnet).await;
    let start = Instant::now();
    client.authenticate().await;
    client.text().await;
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn slow_steps_delay_no_other_job() {
    // The second job is reserved before the first one is ready, on a busy machine, too.
    let devnet = start(Config {
        executors: 2,
        vices: [(0, Vices::parse(&["slow-ready:2000"]).unwrap())].into(),
        ..Config::default()
    })
    .await;
    let mut client = Client::admitted(&devnet).await;
    client.reserve(&uuid()).await;
    client.reserve(&uuid()).await;
    let accept = "V0AcceptJobRequest";
    let ready = "V0ExecutorReadyRequest";
    assert_eq!(client.tags().await, [accept, accept, ready, ready]);
}

#[tokio::test]
async fn each_step_can_be_slow() {
    let tags = [
        "V0ExecutorManifestRequest",
        "V0AcceptJobRequest",
        "V0ExecutorReadyRequest",
        "V0JobFinishedRequest",
    ];
    let vices = ["slow-manifest", "slow-accept", "slow-ready", "slow-result"];
    for (vice, slow_tag) in vices.into_iter().zip(tags) {
        let devnet = one(&[&format!("{vice}:80")]).await;
        let mut client = Client::open(&devnet).await;
        let uuid = uuid();
        // Each message is timed from its cause on.
        let mut cause = Instant::now();
        client.authenticate().await;
        for tag in tags {
            assert_eq!(client.tags().await, [tag]);
            if tag == slow_tag {
                assert!(cause.elapsed() >= Duration::from_millis(80), "{vice}");
            }
            match tag {
                "V0ExecutorManifestRequest" => {
                    cause = Instant::now();
                    client.reserve(&uuid).await;
                }
                "V0ExecutorReadyRequest" => {
                    client.confirm(&uuid).await;
                    cause = Instant::now();
                    client.run(echo_job(&uuid)).await;
                }
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn wrong_answers_have_the_size_that_is_asked_for() {
    let (short, long) = (
        texts("wrong-answer").await,
        texts("wrong-answer-of-payload-size").await,
    );
    let stdout = |texts: Vec<String>| match ToValidator::parse(texts.last().unwrap()).unwrap() {
        ToValidator::JobFinished(finished) => finished.docker_process_stdout,
        other => panic!("{other:?}"),
    };
    assert_eq!(stdout(short), "wrong answer\n");
    let long = stdout(long);
    assert_eq!(long.len(), ECHO_VOLUME.len());
    assert!(long.len() < OUTPUT_CHARS_MAX);
}
