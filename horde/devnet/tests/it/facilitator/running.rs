//! Start, stop, and the control routes.

use horde_devnet::facilitator::{
    Facilitator, FacilitatorConfig, FacilitatorError, FacilitatorReport, Fault, Faults, FaultsError,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tig_process::error_chain::error_chain;

use super::validator::{Validator, echo_order, with};
use crate::client::Got;

async fn fault(config: FacilitatorConfig) -> FacilitatorError {
    Facilitator::start(config).await.err().unwrap()
}

#[tokio::test]
async fn faulty_configs_are_rejected_with_their_remedy() {
    for token in ["", "two words", "ä"] {
        let config = FacilitatorConfig {
            token: token.into(),
            ..FacilitatorConfig::default()
        };
        assert!(
            matches!(fault(config).await, FacilitatorError::Token),
            "{token}"
        );
    }
    let validators = FacilitatorConfig {
        validators: Some(["5Fnobody".to_owned()].into()),
        ..FacilitatorConfig::default()
    };
    let validators = fault(validators).await;
    assert!(matches!(validators, FacilitatorError::Validator { .. }));
    assert!(validators.to_string().contains("5Fnobody"));

    let running = with(&[]).await;
    let taken = FacilitatorConfig {
        port: running.address().port(),
        ..FacilitatorConfig::default()
    };
    let taken = fault(taken).await;
    assert!(matches!(taken, FacilitatorError::Listen { .. }));
    assert!(error_chain(&taken).contains(&running.address().to_string()));
}

#[test]
fn too_many_faults_are_rejected() {
    let faults = Faults::new([Fault::Silent; 65]);
    assert_eq!(faults, Err(FaultsError::Count { count: 65 }));
    assert!(matches!(
        Faults::parse(&["sloth"]),
        Err(FaultsError::Fault(_))
    ));
}

#[tokio::test]
async fn stop_ends_connections_and_frees_the_port() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    let port = facilitator.address().port();
    facilitator.stop().await;
    assert_eq!(socket.next().await, Got::Dropped);
    let config = FacilitatorConfig {
        port,
        ..FacilitatorConfig::default()
    };
    Facilitator::start(config).await.unwrap();
}

#[tokio::test]
async fn faults_are_ordered_and_reports_read_over_http() {
    let facilitator = with(&[]).await;
    let mut socket = Validator::admitted(&facilitator).await;
    let url = |path: &str| format!("http://{}/control/{path}", facilitator.address());
    let order = |body: Value| {
        reqwest::Client::new()
            .post(url("faults"))
            .json(&body)
            .send()
    };
    let taken = order(json!({"faults": ["sends-twice", "late-row:500"]}))
        .await
        .unwrap();
    assert_eq!(taken.status(), StatusCode::NO_CONTENT);
    facilitator.submit(&echo_order()).unwrap();
    assert_eq!(socket.job().await, socket.job().await);
    for (body, expected) in [
        (json!({"faults": ["sloth"]}), "\"sloth\" is not a fault"),
        (json!({"faults": ["storm:x"]}), "the argument of storm"),
        (json!({}), "missing field `faults`"),
        (json!({"faults": [], "x": 1}), "unknown field `x`"),
    ] {
        let refused = order(body).await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let text = refused.text().await.unwrap();
        assert!(text.contains(expected), "{text}");
    }
    let report = reqwest::get(url("report")).await.unwrap();
    let report: FacilitatorReport = report.json().await.unwrap();
    assert_eq!(report, facilitator.report());
    assert_eq!(report.faults, ["sends-twice", "late-row:500"]);
    assert_eq!(report.jobs[0].faults, report.faults);
}
