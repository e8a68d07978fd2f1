//! Who may do what.

use horde_s3::Method;

use super::client::{Caller, policy, started};

#[tokio::test]
async fn everybody_reads_public_objects_and_nothing_else() {
    let s3 = started().await;
    s3.put_object("prompts", "k", "line").unwrap();
    s3.put_object("foreign", "k", "line").unwrap();
    let anybody = Caller::anonymous(&s3);
    assert_eq!(anybody.get("prompts", "k").await.ok().body, b"line");
    anybody
        .get("foreign", "k")
        .await
        .refused(403, "AccessDenied");
    anybody
        .put("prompts", "k", "x")
        .await
        .refused(403, "AccessDenied");
    let delete = anybody.object(Method::Delete, "prompts", "k", b"").await;
    delete.refused(403, "AccessDenied");
    for query in [
        &[][..],
        &[("list-type", "2")],
        &[("policy", "")],
        &[("location", "")],
    ] {
        let listed = anybody.bucket(Method::Get, "prompts", query, "").await;
        listed.refused(403, "AccessDenied");
    }
    let made = anybody.bucket(Method::Put, "anybodys", &[], "").await;
    made.refused(403, "AccessDenied");
    assert_eq!(s3.object("prompts", "k").unwrap(), "line");
}

#[tokio::test]
async fn account_has_no_rights_in_buckets_of_others() {
    let s3 = started().await;
    s3.put_object("prompts", "k", "line").unwrap();
    let stranger = Caller::stranger(&s3);
    stranger.get("prompts", "k").await.ok();
    stranger
        .put("prompts", "k", "x")
        .await
        .refused(403, "AccessDenied");
    let root = Caller::root(&s3);
    root.put("foreign", "k", "x")
        .await
        .refused(403, "AccessDenied");
    let set = root
        .bucket(Method::Put, "foreign", &[("policy", "")], "{}")
        .await;
    set.refused(403, "AccessDenied");
}

#[tokio::test]
async fn anonymous_writing_and_listing_need_a_policy() {
    let s3 = started().await;
    let (root, anybody) = (Caller::root(&s3), Caller::anonymous(&s3));
    let open = policy("Allow", r#"{"AWS": ["*"]}"#, "s3:*", "prompts*");
    let refused = root
        .bucket(Method::Put, "prompts", &[("policy", "")], &open)
        .await;
    refused.refused(400, "MalformedPolicy");
    for (action, resource) in [
        ("s3:PutObject", "prompts/in/*"),
        ("s3:ListBucket", "prompts"),
    ] {
        let open = policy("Allow", r#""*""#, action, resource);
        let set = root
            .bucket(Method::Put, "prompts", &[("policy", "")], &open)
            .await;
        assert_eq!(set.ok().status, 204);
        let put = anybody.put("prompts", "in/k", "x").await;
        let list = anybody
            .bucket(Method::Get, "prompts", &[("list-type", "2")], "")
            .await;
        let is_put = action == "s3:PutObject";
        assert_eq!((put.status == 200, list.status == 200), (is_put, !is_put));
        anybody
            .put("prompts", "k", "x")
            .await
            .refused(403, "AccessDenied");
    }
}

#[tokio::test]
async fn denial_outweighs_and_the_owner_can_take_it_back() {
    let s3 = started().await;
    s3.put_object("prompts", "k", "line").unwrap();
    let root = Caller::root(&s3);
    let text = r#"{"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::prompts/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::prompts", "arn:aws:s3:::prompts/*"]}]}"#;
    let setting = &[("policy", "")];
    root.bucket(Method::Put, "prompts", setting, text)
        .await
        .ok();
    for caller in [Caller::anonymous(&s3), Caller::root(&s3)] {
        caller
            .get("prompts", "k")
            .await
            .refused(403, "AccessDenied");
    }
    let got = root.bucket(Method::Get, "prompts", setting, "").await.ok();
    assert_eq!(got.text(), text);
    root.bucket(Method::Delete, "prompts", setting, "")
        .await
        .ok();
    root.get("prompts", "k").await.ok();
}

#[tokio::test]
async fn policy_names_accounts() {
    let s3 = started().await;
    let (root, stranger) = (Caller::root(&s3), Caller::stranger(&s3));
    for (principal, status) in [
        (r#"{"AWS": "arn:aws:iam::100000000002:root"}"#, 200),
        (r#"{"AWS": "100000000002"}"#, 200),
        (
            r#"{"AWS": ["100000000003", "arn:aws:iam::100000000002:user/x"]}"#,
            403,
        ),
    ] {
        let text = policy("Allow", principal, "s3:PutObject", "prompts/*");
        root.bucket(Method::Put, "prompts", &[("policy", "")], &text)
            .await
            .ok();
        assert_eq!(
            stranger.put("prompts", "k", "x").await.status,
            status,
            "{principal}"
        );
        assert_eq!(
            Caller::anonymous(&s3).put("prompts", "k", "x").await.status,
            403
        );
    }
}

#[tokio::test]
async fn new_bucket_must_be_opened_before_it_is_public() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    root.bucket(Method::Put, "fresh", &[], "").await.ok();
    root.put("fresh", "k", "line").await.ok();
    let public = policy("Allow", r#""*""#, "s3:GetObject", "fresh/*");
    let setting = &[("policy", "")];
    let blocked = root.bucket(Method::Put, "fresh", setting, &public).await;
    blocked.refused(403, "AccessDenied");
    assert!(blocked.text().contains("BlockPublicPolicy"));
    let block = &[("publicAccessBlock", "")];
    root.bucket(Method::Delete, "fresh", block, "").await.ok();
    root.bucket(Method::Put, "fresh", setting, &public)
        .await
        .ok();
    let anybody = Caller::anonymous(&s3);
    anybody.get("fresh", "k").await.ok();
    let restricting = "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets>\
        </PublicAccessBlockConfiguration>";
    root.bucket(Method::Put, "fresh", block, restricting)
        .await
        .ok();
    anybody.get("fresh", "k").await.refused(403, "AccessDenied");
    root.get("fresh", "k").await.ok();
    assert!(!s3.report().buckets[1].is_public);
}

#[tokio::test]
async fn policies_that_cannot_be_applied_are_refused() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    let condition = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::prompts/*", "Condition": {"IpAddress": {}}}}"#;
    let nobody = r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::prompts/*"}}"#;
    let long = policy("Allow", r#""*""#, &"x".repeat(21_000), "prompts/*");
    let elsewhere = policy("Allow", r#""*""#, "s3:GetObject", "foreign/*");
    let perhaps = policy("Perhaps", r#""*""#, "s3:GetObject", "prompts/*");
    for text in [
        "", "{}", "[1", condition, nobody, &long, &elsewhere, &perhaps,
    ] {
        let set = root
            .bucket(Method::Put, "prompts", &[("policy", "")], text)
            .await;
        set.refused(400, "MalformedPolicy");
    }
}
