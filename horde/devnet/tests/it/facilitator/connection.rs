//! Connections of validators, and how they end.

use std::time::{Duration, Instant};

use horde_devnet::facilitator::FacilitatorViolationKind as Kind;
use horde_devnet::facilitator::{Faults, JobState};
use horde_proto::facilitator::JobStatus::{Accepted, Completed};
use tokio_tungstenite::tungstenite::Message;

use super::validator::{Validator, echo_order, with};
use crate::client::{Got, try_connect, validator};

#[tokio::test]
async fn job_runs_from_order_to_completion() {
    let facilitator = with(&[]).await;
    let mut validator_socket = Validator::admitted(&facilitator).await;
    let uuid = facilitator.submit(&echo_order()).unwrap();
    assert_eq!(validator_socket.job().await.uuid(), uuid);
    for status in [Accepted, Completed] {
        validator_socket
            .send_status(&uuid, status, "organic!")
            .await;
        assert!(validator_socket.response().await.errors.is_empty());
    }
    let job = facilitator.job(&uuid).unwrap();
    assert_eq!(job.state(), JobState::Completed);
    assert_eq!(job.end().unwrap().stdout, "organic!");
    assert_eq!(job.validator, validator().public().to_ss58());
    let report = facilitator.report();
    assert!(report.violations.is_empty());
    assert_eq!(
        (report.jobs, facilitator.jobs()),
        (vec![job.clone()], vec![job])
    );
}

#[tokio::test]
async fn statuses_that_come_together_are_a_violation() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    let uuid = facilitator.submit(&echo_order()).unwrap();
    socket.job().await;
    socket.send_statuses(&uuid, &[Accepted, Completed]).await;
    for _ in 0..2 {
        assert!(socket.response().await.errors.is_empty());
    }
    let violations = facilitator.report().violations;
    assert_eq!(violations[0].kind, Kind::TwoStatusesInFlight);
    assert_eq!(violations.len(), 1);
}

#[tokio::test]
async fn half_open_connection_gets_the_same_job() {
    let facilitator = with(&[]).await;
    let mut sockets = [
        Validator::admitted(&facilitator).await,
        Validator::admitted(&facilitator).await,
    ];
    let uuid = facilitator.submit(&echo_order()).unwrap();
    for socket in &mut sockets {
        assert_eq!(socket.job().await.uuid(), uuid);
    }
}

#[tokio::test]
async fn frame_above_1_mib_is_closed_with_1009() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    socket
        .send_raw(Message::text("x".repeat((1 << 20) + 1)))
        .await;
    assert_eq!(socket.next().await, Got::Closed(Some(1009)));
    let violations = facilitator.report().violations;
    assert_eq!(violations[0].kind, Kind::FrameTooLarge);
}

#[tokio::test]
async fn frame_of_1_mib_is_read() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    socket.send_raw(Message::text("x".repeat(1 << 20))).await;
    assert_eq!(socket.error().await, "json_invalid");
    socket.send_raw(Message::binary(vec![1])).await;
    assert_eq!(socket.error().await, "json_invalid");
}

#[tokio::test]
async fn faults_close_the_socket_with_their_code() {
    for code in [3000, 3001, 1011] {
        let facilitator = with(&[&format!("closes-{code}:connect")]).await;
        let mut socket = Validator::open(&facilitator).await;
        assert_eq!(socket.next().await, Got::Closed(Some(code)));

        let faults = Faults::parse(&[format!("closes-{code}:auth")]).unwrap();
        facilitator.set_faults(faults);
        let mut socket = Validator::admitted(&facilitator).await;
        assert_eq!(socket.next().await, Got::Closed(Some(code)));

        let faults = Faults::parse(&[format!("closes-{code}:job")]).unwrap();
        facilitator.set_faults(faults);
        let mut socket = Validator::admitted(&facilitator).await;
        let uuid = facilitator.submit(&echo_order()).unwrap();
        assert_eq!(socket.job().await.uuid(), uuid);
        assert_eq!(socket.next().await, Got::Closed(Some(code)));

        let faults = Faults::parse(&[format!("closes-{code}:status")]).unwrap();
        facilitator.set_faults(faults);
        let mut socket = Validator::admitted(&facilitator).await;
        socket.send_status(&uuid, Accepted, "").await;
        assert_eq!(socket.next().await, Got::Closed(Some(code)));
        assert_eq!(facilitator.job(&uuid).unwrap().state(), JobState::Accepted);
    }
}

#[tokio::test]
async fn dropped_socket_ends_without_a_handshake() {
    let facilitator = with(&["drops:auth"]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    assert_eq!(socket.next().await, Got::Dropped);
}

#[tokio::test]
async fn frozen_socket_answers_no_ping() {
    let facilitator = with(&["freezes:auth-once"]).await;
    let mut frozen = Validator::admitted(&facilitator).await;
    frozen.send_raw(Message::Ping("alive".into())).await;
    assert_eq!(frozen.next_within(Duration::from_millis(200)).await, None);
    // The next connection is another one.
    let mut socket = Validator::admitted(&facilitator).await;
    socket.send_raw(Message::Ping("alive".into())).await;
    let pong = socket.next_within(Duration::from_secs(60)).await;
    assert_eq!(pong, Some(Message::Pong("alive".into())));
}

#[tokio::test]
async fn storm_closes_one_connection_after_the_other() {
    let facilitator = with(&["storm:50"]).await;
    for _ in 0..3 {
        let mut socket = Validator::admitted(&facilitator).await;
        assert_eq!(socket.next().await, Got::Closed(Some(1001)));
    }
    assert_eq!(facilitator.report().connections.len(), 3);
}

#[tokio::test]
async fn slow_answer_comes_late_and_in_order() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    facilitator.set_faults(Faults::parse(&["slow-answer:200"]).unwrap());
    let start = Instant::now();
    socket.send_raw(Message::text("{")).await;
    socket.send_status("nobody's", Accepted, "").await;
    assert_eq!(socket.error().await, "json_invalid");
    assert_eq!(socket.error().await, "job.not_found");
    assert!(start.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn validator_that_is_not_active_any_more_is_closed() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    facilitator.set_validators(Some([].into()));
    assert_eq!(socket.next().await, Got::Closed(Some(3001)));
    let mut socket = Validator::open(&facilitator).await;
    socket.authenticate().await;
    assert_eq!(socket.error().await, "auth.validator_not_found");
    assert_eq!(socket.next().await, Got::Closed(Some(3001)));
}

#[tokio::test]
async fn other_paths_have_no_socket() {
    let facilitator = with(&[]).await;
    assert!(try_connect(facilitator.address(), "/ws/v1/").await.is_err());
}
