//! What is signed wrongly is refused, each with its code.

use horde_devnet::s3::S3Account;
use horde_s3::{Credentials, Method};

use super::client::{Caller, http, sent, started};

#[tokio::test]
async fn signed_requests_are_accepted_in_both_forms() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    let key = "solved/a b+c/ü~(1)*'!.txt";
    root.put("prompts", key, "in headers").await.ok();
    assert_eq!(root.get("prompts", key).await.ok().body, b"in headers");
    let put = root.presigned(Method::Put, "prompts", key);
    sent(http().put(put).body("in the query")).await.ok();
    let get = root.presigned(Method::Get, "prompts", key);
    assert_eq!(sent(http().get(get)).await.ok().body, b"in the query");
    assert_eq!(s3.object("prompts", key).unwrap(), "in the query");
}

#[tokio::test]
async fn keys_and_clocks_are_checked() {
    let s3 = started().await;
    let own = s3.credentials(S3Account::Validator);
    let mut with_token = own.clone();
    with_token.session_token = Some("token".into());
    for (caller, status, code) in [
        (
            Caller::with_key(&s3, Credentials::new("AKIANOBODY", "secret")),
            403,
            "InvalidAccessKeyId",
        ),
        (
            Caller::with_key(&s3, Credentials::new(&own.access_key_id, "guess")),
            403,
            "SignatureDoesNotMatch",
        ),
        (Caller::with_key(&s3, with_token), 400, "InvalidToken"),
        (Caller::root(&s3).ahead(1_000), 403, "RequestTimeTooSkewed"),
        (Caller::root(&s3).ahead(-1_000), 403, "RequestTimeTooSkewed"),
    ] {
        caller.put("prompts", "k", "x").await.refused(status, code);
    }
    assert!(s3.object("prompts", "k").is_none());
}

#[tokio::test]
async fn presigned_url_is_for_one_thing_and_one_time() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    let url = root.presigned(Method::Put, "prompts", "k");
    let put = |url: String| sent(http().put(url).body("x"));
    put(url.replace("/k?", "/l?"))
        .await
        .refused(403, "SignatureDoesNotMatch");
    sent(http().delete(&url))
        .await
        .refused(403, "SignatureDoesNotMatch");
    let expired = put(root
        .clone()
        .ahead(-61)
        .presigned(Method::Put, "prompts", "k"))
    .await;
    expired.refused(403, "AccessDenied");
    assert!(expired.text().contains("Request has expired"));
    let future = put(root
        .clone()
        .ahead(1_000)
        .presigned(Method::Put, "prompts", "k"))
    .await;
    assert!(future.text().contains("not valid yet"));
    put(url.replace("Expires=60", "Expires=604801"))
        .await
        .refused(400, "AuthorizationQueryParametersError");
    let acl = http().put(&url).header("x-amz-acl", "public-read");
    sent(acl).await.refused(403, "AccessDenied");
    put(url).await.ok();
}

#[tokio::test]
async fn other_signatures_are_refused() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    let old = format!(
        "{}/prompts/k?AWSAccessKeyId=x&Signature=y&Expires=1",
        s3.endpoint_url()
    );
    sent(http().get(old)).await.refused(400, "InvalidRequest");
    let url = root.presigned(Method::Put, "prompts", "k");
    let both = http()
        .put(url)
        .header("authorization", "AWS4-HMAC-SHA256 x");
    sent(both).await.refused(400, "InvalidArgument");
    let damaged = format!("{}/prompts/k", s3.endpoint_url());
    let damaged = http().put(damaged).header("authorization", "Bearer x");
    sent(damaged)
        .await
        .refused(400, "AuthorizationHeaderMalformed");
    let changed = root
        .request("s3", Method::Put, "/prompts/k", &[], b"x")
        .body("y");
    sent(changed)
        .await
        .refused(400, "XAmzContentSHA256Mismatch");
    let other_service = root.request("iam", Method::Put, "/prompts/k", &[], b"x");
    sent(other_service)
        .await
        .refused(400, "AuthorizationHeaderMalformed");
}
