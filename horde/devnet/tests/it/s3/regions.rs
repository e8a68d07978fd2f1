//! Buckets of other regions than the one that a client takes.

use horde_devnet::s3::{S3, S3Config};
use horde_s3::{BUCKET_REGION_HEADER, Complaint, Method};

use super::client::{Answer, Caller, HOME, http, sent};

async fn in_paris() -> S3 {
    let config = S3Config {
        buckets: vec!["prompts@eu-west-3".parse().unwrap()],
        ..S3Config::default()
    };
    S3::start(config).await.unwrap()
}

fn named_region(answer: &Answer) -> Option<String> {
    Complaint::read(None, &answer.body).region
}

#[tokio::test]
async fn right_region_is_accepted() {
    let s3 = in_paris().await;
    let root = Caller::root(&s3).in_region("eu-west-3");
    root.put("prompts", "k", "x").await.ok();
    sent(http().get(root.presigned(Method::Get, "prompts", "k")))
        .await
        .ok();
    Caller::anonymous(&s3).get("prompts", "k").await.ok();
    let location = root
        .bucket(Method::Get, "prompts", &[("location", "")], "")
        .await
        .ok();
    assert!(location.text().contains(">eu-west-3<"));
}

#[tokio::test]
async fn region_of_the_address_is_redirected() {
    let s3 = in_paris().await;
    let root = Caller::root(&s3);
    let put = root.put("prompts", "k", "x").await;
    put.refused(301, "PermanentRedirect");
    let get = sent(http().get(root.presigned(Method::Get, "prompts", "k"))).await;
    get.refused(301, "PermanentRedirect");
    for answer in [put, get] {
        assert_eq!(answer.header(BUCKET_REGION_HEADER), "eu-west-3");
        assert_eq!(named_region(&answer).as_deref(), Some("eu-west-3"));
    }
    let head = root.bucket(Method::Head, "prompts", &[], "").await;
    assert_eq!((head.status, head.body.len()), (301, 0));
    assert_eq!(head.header(BUCKET_REGION_HEADER), "eu-west-3");
}

#[tokio::test]
async fn another_region_is_refused_with_the_right_one() {
    let s3 = in_paris().await;
    let root = Caller::root(&s3).in_region("ap-south-1");
    let put = root.put("prompts", "k", "x").await;
    put.refused(400, "AuthorizationHeaderMalformed");
    let get = sent(http().get(root.presigned(Method::Get, "prompts", "k"))).await;
    get.refused(400, "AuthorizationQueryParametersError");
    for answer in [put, get] {
        assert_eq!(named_region(&answer).as_deref(), Some("eu-west-3"));
        assert!(answer.text().contains("ap-south-1"));
    }
}

#[tokio::test]
async fn bucket_is_made_where_it_is_asked_for() {
    let s3 = in_paris().await;
    let asking = |region: &str| {
        format!(
            "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
        )
    };
    for (name, signed, body, expected) in [
        ("one", HOME, String::new(), HOME),
        ("two", HOME, asking("eu-north-1"), "eu-north-1"),
        ("three", "eu-west-3", asking("eu-west-3"), "eu-west-3"),
    ] {
        let root = Caller::root(&s3).in_region(signed);
        root.bucket(Method::Put, name, &[], &body).await.ok();
        let buckets = s3.report().buckets;
        let made = buckets.iter().find(|bucket| bucket.name == name).unwrap();
        assert_eq!(made.region, expected);
    }
    // The fault of the shell script that set the earlier validator up.
    let root = Caller::root(&s3).in_region("eu-west-3");
    let illegal = "IllegalLocationConstraintException";
    for (body, code) in [
        (String::new(), illegal),
        (asking("eu-north-1"), illegal),
        (asking(HOME), "InvalidLocationConstraint"),
        (asking("not a region"), "InvalidLocationConstraint"),
        ("<Other/>".to_owned(), "MalformedXML"),
    ] {
        let made = root.bucket(Method::Put, "four", &[], &body).await;
        made.refused(400, code);
    }
}
