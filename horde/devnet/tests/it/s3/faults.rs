//! Faults as clients see them.

use std::time::{Duration, Instant};

use horde_s3::{BUCKET_REGION_HEADER, Complaint, Method, clock_skew_seconds};

use super::client::{Caller, http, sent, set_faults, started, unix_seconds};

#[tokio::test]
async fn answers_come_one_after_another_and_end() {
    let s3 = started().await;
    s3.put_object("prompts", "solved/1.json", "{}").unwrap();
    let script = [
        "403@get=prompts/solved/*1",
        "status@get*1",
        "status:503@get*1",
        "no-path-style@get*1",
        "bucket-deleted@get*1",
        "wrong-region@get*1",
    ];
    set_faults(&s3, &script);
    let anybody = Caller::anonymous(&s3);
    anybody.get("prompts", "other").await;
    set_faults(&s3, &script);
    for (status, code) in [
        (403, "AccessDenied"),
        (500, "InternalError"),
        (503, "SlowDown"),
        (403, "SecondLevelDomainForbidden"),
        (404, "NoSuchBucket"),
        (301, "PermanentRedirect"),
    ] {
        Caller::root(&s3).put("prompts", "other", "x").await.ok();
        let answer = anybody.get("prompts", "solved/1.json").await;
        answer.refused(status, code);
        if status == 301 {
            assert_eq!(answer.header(BUCKET_REGION_HEADER), "eu-south-2");
        }
    }
    anybody.get("prompts", "solved/1.json").await.ok();
    assert!(s3.report().faults.is_empty());
    let entry = &s3.journal_from(2)[0];
    assert_eq!(entry.faults, ["403@get=prompts/solved/*1"]);
}

#[tokio::test]
async fn fault_of_a_path_leaves_others_alone() {
    let s3 = started().await;
    for key in ["a", "solved/a"] {
        s3.put_object("prompts", key, "x").unwrap();
    }
    set_faults(&s3, &["403@get=prompts/solved/"]);
    let anybody = Caller::anonymous(&s3);
    anybody.get("prompts", "a").await.ok();
    anybody
        .get("prompts", "solved/a")
        .await
        .refused(403, "AccessDenied");
    Caller::root(&s3).put("prompts", "solved/a", "y").await.ok();
}

#[tokio::test]
async fn slow_answers_come_later() {
    let s3 = started().await;
    set_faults(&s3, &["slow:150@put"]);
    let start = Instant::now();
    Caller::root(&s3).put("prompts", "k", "x").await.ok();
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn work_is_done_though_the_answer_is_cut_or_dropped() {
    let s3 = started().await;
    s3.put_object("prompts", "k", "x".repeat(1_000)).unwrap();
    set_faults(&s3, &["cut-short@get", "drops@put"]);
    let url = format!("{}/prompts/k", s3.endpoint_url());
    let response = http().get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-length"], "1000");
    assert!(response.bytes().await.is_err());
    let root = Caller::root(&s3);
    let put = root.request("s3", Method::Put, "/prompts/l", &[], b"x");
    assert!(put.send().await.is_err());
    assert_eq!(s3.object("prompts", "l").unwrap(), "x");
    let last = s3.journal_from(1).remove(0);
    assert_eq!(
        (last.status, last.faults),
        (200, vec!["drops@put".to_owned()])
    );
}

#[tokio::test]
async fn page_of_a_proxy_comes_with_status_200() {
    let s3 = started().await;
    set_faults(&s3, &["html"]);
    let get = Caller::anonymous(&s3).get("prompts", "k").await.ok();
    assert!(get.text().starts_with("<!DOCTYPE html>"));
    Caller::root(&s3).put("prompts", "k", "x").await.ok();
    assert!(s3.object("prompts", "k").is_none());
}

#[tokio::test]
async fn clock_that_is_off_refuses_signatures_and_shows_it() {
    let s3 = started().await;
    for seconds in [1_200, -1_200] {
        set_faults(&s3, &[&format!("clock-off:{seconds}")]);
        let root = Caller::root(&s3);
        let refused = root.put("prompts", "k", "x").await;
        refused.refused(403, "RequestTimeTooSkewed");
        assert!(Complaint::read(None, &refused.body).is_clock());
        let skew = clock_skew_seconds(refused.header("date"), unix_seconds()).unwrap();
        assert!((skew - seconds).abs() <= 2, "{skew}");
        root.ahead(seconds).put("prompts", "k", "x").await.ok();
    }
    set_faults(&s3, &["clock-off:1200"]);
    let url = Caller::root(&s3).presigned(Method::Get, "prompts", "k");
    let expired = sent(http().get(url)).await;
    assert!(expired.text().contains("Request has expired"));
    Caller::anonymous(&s3).get("prompts", "k").await.ok();
}

#[tokio::test]
async fn object_is_shown_some_time_after_it_was_written() {
    let s3 = started().await;
    set_faults(&s3, &["eventual:60000@get"]);
    let root = Caller::root(&s3);
    root.put("prompts", "k", "x").await.ok();
    let anybody = Caller::anonymous(&s3);
    anybody.get("prompts", "k").await.refused(404, "NoSuchKey");
    // A pause that is longer than asked for does no harm.
    set_faults(&s3, &["eventual:1@get"]);
    tokio::time::sleep(Duration::from_millis(20)).await;
    anybody.get("prompts", "k").await.ok();
}

#[tokio::test]
async fn what_was_taken_away_is_back_without_the_fault() {
    let s3 = started().await;
    s3.put_object("prompts", "k", "x").unwrap();
    let (root, anybody) = (Caller::root(&s3), Caller::anonymous(&s3));
    set_faults(&s3, &["policy-removed"]);
    anybody
        .get("prompts", "k")
        .await
        .refused(403, "AccessDenied");
    root.get("prompts", "k").await.ok();
    set_faults(&s3, &["keys-revoked"]);
    anybody.get("prompts", "k").await.ok();
    root.get("prompts", "k")
        .await
        .refused(403, "InvalidAccessKeyId");
    set_faults(&s3, &["bucket-deleted"]);
    anybody
        .get("prompts", "k")
        .await
        .refused(404, "NoSuchBucket");
    root.put("prompts", "k", "y")
        .await
        .refused(404, "NoSuchBucket");
    let buckets = root.request("s3", Method::Get, "/", &[], b"");
    sent(buckets).await.ok();
    set_faults(&s3, &[]);
    assert_eq!(root.get("prompts", "k").await.ok().body, b"x");
    anybody.get("prompts", "k").await.ok();
}

#[tokio::test]
async fn missing_objects_are_hidden_as_at_aws() {
    let s3 = started().await;
    set_faults(&s3, &["hides-missing"]);
    Caller::anonymous(&s3)
        .get("prompts", "k")
        .await
        .refused(403, "AccessDenied");
    Caller::root(&s3)
        .get("prompts", "k")
        .await
        .refused(404, "NoSuchKey");
}
