//! Start, stop, and the control routes.

use horde_devnet::s3::{S3, S3Account, S3BucketConfig, S3Config, S3Entry, S3Report, S3StartError};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tig_process::error_chain::error_chain;

use super::client::{Caller, http, sent, set_faults, started};

#[tokio::test]
async fn faulty_configs_are_rejected_with_their_remedy() {
    let bucket = S3BucketConfig {
        name: "Prompts".to_owned(),
        region: "us-east-1".to_owned(),
        owner: S3Account::Validator,
        is_public: true,
    };
    let config = S3Config {
        buckets: vec![bucket],
        ..S3Config::default()
    };
    let error = S3::start(config).await.err().unwrap();
    assert!(matches!(error, S3StartError::Bucket { .. }));
    assert!(error_chain(&error).contains("lower-case"), "{error}");

    let running = started().await;
    let config = S3Config {
        port: running.address().port(),
        ..S3Config::default()
    };
    let error = S3::start(config).await.err().unwrap();
    assert!(matches!(error, S3StartError::Listen { .. }));
    assert!(error.to_string().contains("another port"));
}

#[test]
fn faulty_buckets_are_rejected_with_their_remedy() {
    for text in ["Prompts", "prompts@EU (Paris)", ""] {
        let error = text.parse::<S3BucketConfig>().unwrap_err();
        assert!(error.to_string().contains("NAME@REGION"), "{error}");
    }
}

#[tokio::test]
async fn stop_frees_the_port() {
    let s3 = started().await;
    let port = s3.address().port();
    Caller::root(&s3).put("prompts", "k", "x").await.ok();
    s3.stop().await;
    let config = S3Config {
        port,
        ..S3Config::default()
    };
    S3::start(config).await.unwrap();
}

#[tokio::test]
async fn faults_are_ordered_and_reports_read_over_http() {
    let s3 = started().await;
    let url = |path: &str| format!("{}/-/{path}", s3.endpoint_url());
    let order = |body: Value| sent(http().post(url("faults")).json(&body));
    order(json!({"faults": ["403@put*1"]})).await.ok();
    let root = Caller::root(&s3);
    root.put("prompts", "k", "x")
        .await
        .refused(403, "AccessDenied");
    root.put("prompts", "k", "x").await.ok();
    for (body, expected) in [
        (json!({"faults": ["sloth"]}), "\"sloth\" is not a fault"),
        (json!({"faults": [], "x": 1}), "unknown field `x`"),
    ] {
        let refused = order(body).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text().contains(expected), "{}", refused.text());
    }
    let report = sent(http().get(url("report"))).await.ok();
    let report: S3Report = serde_json::from_slice(&report.body).unwrap();
    assert_eq!(report, s3.report());
    let journal = sent(http().get(url("journal?from=1"))).await.ok();
    let journal: Vec<S3Entry> = serde_json::from_slice(&journal.body).unwrap();
    assert_eq!(journal, s3.journal_from(1));
    assert_eq!(sent(http().get(url("journal?x=1"))).await.status, 400);
    assert_eq!(sent(http().get(url("reports"))).await.status, 404);
}

#[tokio::test]
async fn web_pages_are_refused() {
    let s3 = started().await;
    s3.put_object("prompts", "k", "x").unwrap();
    let url = format!("{}/prompts/k", s3.endpoint_url());
    let page = http().get(&url).header("origin", "http://example.org");
    assert_eq!(sent(page).await.status, StatusCode::FORBIDDEN.as_u16());
    let name = http().get(&url).header("host", "example.org");
    assert_eq!(sent(name).await.status, StatusCode::FORBIDDEN.as_u16());
}

#[tokio::test]
async fn objects_are_planted_over_http() {
    let s3 = started().await;
    set_faults(&s3, &["403"]);
    let put = async |path: &str| {
        let url = format!("{}/-/objects/{path}", s3.endpoint_url());
        sent(http().put(url).body("line")).await.status
    };
    assert_eq!(put("prompts/solved/a.json").await, 204);
    assert_eq!(s3.object("prompts", "solved/a.json").unwrap(), "line");
    for path in ["nowhere/a", "prompts", "prompts/"] {
        assert_eq!(put(path).await, 400, "{path}");
    }
}
