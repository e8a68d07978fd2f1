//! Buckets and their settings.

use horde_s3::{BUCKET_REGION_HEADER, Method, xml};

use super::client::{Caller, started};

const RULE: &str = "<LifecycleConfiguration><Rule><ID>expire</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>\
    <Expiration><Days>14</Days></Expiration></Rule></LifecycleConfiguration>";

#[tokio::test]
async fn bucket_is_made_once() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    let made = root.bucket(Method::Put, "fresh", &[], "").await.ok();
    assert_eq!(made.header("location"), "/fresh");
    let again = root.bucket(Method::Put, "fresh", &[], "").await;
    again.refused(409, "BucketAlreadyOwnedByYou");
    let foreign = root.bucket(Method::Put, "foreign", &[], "").await;
    foreign.refused(409, "BucketAlreadyExists");
    let invalid = root.bucket(Method::Put, "Upper", &[], "").await;
    invalid.refused(400, "InvalidBucketName");
    let listed = root.request("s3", Method::Get, "/", &[], b"");
    let listed = super::client::sent(listed).await.ok();
    assert_eq!(xml::all(&listed.text(), "Name"), ["fresh", "prompts"]);
    for index in 0..97 {
        root.bucket(Method::Put, &format!("fresh-{index}"), &[], "")
            .await
            .ok();
    }
    let many = root.bucket(Method::Put, "one-more", &[], "").await;
    many.refused(400, "TooManyBuckets");
}

#[tokio::test]
async fn head_says_whose_and_where_a_bucket_is() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    for (name, status, region) in [
        ("prompts", 200, "us-east-1"),
        ("foreign", 403, "us-east-1"),
        ("nobodys", 404, ""),
    ] {
        let head = root.bucket(Method::Head, name, &[], "").await;
        assert_eq!(
            (head.status, head.header(BUCKET_REGION_HEADER)),
            (status, region),
            "{name}"
        );
    }
}

#[tokio::test]
async fn bucket_with_objects_is_not_deleted() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    root.put("prompts", "k", "x").await.ok();
    let full = root.bucket(Method::Delete, "prompts", &[], "").await;
    full.refused(409, "BucketNotEmpty");
    root.object(Method::Delete, "prompts", "k", b"").await.ok();
    root.bucket(Method::Delete, "prompts", &[], "").await.ok();
    root.put("prompts", "k", "x")
        .await
        .refused(404, "NoSuchBucket");
}

#[tokio::test]
async fn settings_are_kept_until_they_are_deleted() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    root.bucket(Method::Put, "fresh", &[], "").await.ok();
    let policy = super::client::policy("Allow", r#"{"AWS": "100000000001"}"#, "s3:*", "fresh/*");
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
        <BlockPublicPolicy>false</BlockPublicPolicy></PublicAccessBlockConfiguration>";
    for (setting, body, missing) in [
        ("policy", policy.as_str(), "NoSuchBucketPolicy"),
        (
            "publicAccessBlock",
            block,
            "NoSuchPublicAccessBlockConfiguration",
        ),
        ("lifecycle", RULE, "NoSuchLifecycleConfiguration"),
    ] {
        let setting = &[(setting, "")];
        root.bucket(Method::Delete, "fresh", setting, "").await.ok();
        let none = root.bucket(Method::Get, "fresh", setting, "").await;
        none.refused(404, missing);
        root.bucket(Method::Put, "fresh", setting, body).await.ok();
        let kept = root
            .bucket(Method::Get, "fresh", setting, "")
            .await
            .ok()
            .text();
        match missing {
            "NoSuchPublicAccessBlockConfiguration" => {
                assert_eq!(
                    xml::first(&kept, "BlockPublicAcls").as_deref(),
                    Some("true")
                );
                assert_eq!(
                    xml::first(&kept, "RestrictPublicBuckets").as_deref(),
                    Some("false")
                );
            }
            _ => assert_eq!(kept, body),
        }
    }
    let report = s3.report();
    let fresh = report.buckets.iter().find(|bucket| bucket.name == "fresh");
    assert_eq!(fresh.unwrap().expires_days, Some(14));
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_refused() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    for (setting, body) in [
        ("publicAccessBlock", "{}".to_owned()),
        (
            "publicAccessBlock",
            "<PublicAccessBlockConfiguration><BlockPublicAcls>yes</BlockPublicAcls></PublicAccessBlockConfiguration>".to_owned(),
        ),
        ("lifecycle", String::new()),
        ("lifecycle", "<LifecycleConfiguration></LifecycleConfiguration>".to_owned()),
        ("lifecycle", RULE.replace("14", "0")),
        ("lifecycle", RULE.replace("Enabled", "On")),
    ] {
        let set = root.bucket(Method::Put, "prompts", &[(setting, "")], &body).await;
        set.refused(400, "MalformedXML");
    }
}
