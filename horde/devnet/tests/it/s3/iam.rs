//! Users with exactly the rights that they need.

use horde_s3::{Credentials, Method, percent_decode, xml};

use super::client::{Caller, started};

const USER: (&str, &str) = ("UserName", "sn12-validator-prompts-answers-user");
const RIGHTS: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": ["arn:aws:s3:::prompts/*", "arn:aws:s3:::foreign/*"]}]}"#;

#[tokio::test]
async fn user_has_the_rights_of_its_policy_only() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    root.iam(&[("Action", "CreateUser"), USER]).await.ok();
    let key = root
        .iam(&[("Action", "CreateAccessKey"), USER])
        .await
        .ok()
        .text();
    let (id, secret) = (
        xml::first(&key, "AccessKeyId"),
        xml::first(&key, "SecretAccessKey"),
    );
    let user = Caller::with_key(&s3, Credentials::new(id.unwrap(), secret.unwrap()));
    user.put("prompts", "k", "x")
        .await
        .refused(403, "AccessDenied");
    let policy = [
        ("Action", "PutUserPolicy"),
        USER,
        ("PolicyName", "rights"),
        ("PolicyDocument", RIGHTS),
    ];
    root.iam(&policy).await.ok();
    user.put("prompts", "k", "x").await.ok();
    user.get("prompts", "k").await.ok();
    let delete = user.object(Method::Delete, "prompts", "k", b"").await;
    delete.refused(403, "AccessDenied");
    // The account itself has no right there.
    user.put("foreign", "k", "x")
        .await
        .refused(403, "AccessDenied");
    let list = user.bucket(Method::Get, "prompts", &[], "").await;
    list.refused(403, "AccessDenied");
    user.iam(&[("Action", "GetUser"), USER])
        .await
        .refused(403, "AccessDenied");

    let got = root
        .iam(&[("Action", "GetUserPolicy"), USER, ("PolicyName", "rights")])
        .await
        .ok();
    let document = xml::first(&got.text(), "PolicyDocument").unwrap();
    assert_eq!(percent_decode(&document).as_deref(), Some(RIGHTS));
    let report = s3.report();
    assert_eq!(report.users[0].policies, ["rights"]);
    let account = format!("validator/{}", USER.1);
    let entries = s3.journal_from(0);
    let by_user = entries.iter().any(|entry| {
        matches!(&entry.caller, horde_devnet::s3::S3Caller::Key { account: found, .. } if *found == account)
    });
    assert!(by_user);
}

#[tokio::test]
async fn user_has_two_keys_at_most() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    root.iam(&[("Action", "CreateUser"), USER]).await.ok();
    let create = [("Action", "CreateAccessKey"), USER];
    let first = root.iam(&create).await.ok().text();
    let first = xml::first(&first, "AccessKeyId").unwrap();
    root.iam(&create).await.ok();
    root.iam(&create).await.refused(409, "LimitExceeded");
    let listed = root
        .iam(&[("Action", "ListAccessKeys"), USER])
        .await
        .ok()
        .text();
    assert_eq!(xml::all(&listed, "AccessKeyId").len(), 2);
    let delete = [("Action", "DeleteAccessKey"), USER, ("AccessKeyId", &first)];
    root.iam(&delete).await.ok();
    root.iam(&delete).await.refused(404, "NoSuchEntity");
    let third = root.iam(&create).await.ok().text();
    assert_ne!(
        xml::first(&third, "AccessKeyId").as_deref(),
        Some(first.as_str())
    );
}

#[tokio::test]
async fn faulty_calls_are_refused() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    root.iam(&[("Action", "GetUser"), USER])
        .await
        .refused(404, "NoSuchEntity");
    root.iam(&[("Action", "CreateUser"), USER]).await.ok();
    let again = root.iam(&[("Action", "CreateUser"), USER]).await;
    again.refused(409, "EntityAlreadyExists");
    let got = root.iam(&[("Action", "GetUser"), USER]).await.ok().text();
    assert_eq!(xml::first(&got, "UserName").as_deref(), Some(USER.1));
    let odd = root
        .iam(&[("Action", "CreateUser"), ("UserName", "a/b")])
        .await;
    odd.refused(400, "ValidationError");
    let unknown = root.iam(&[("Action", "DeleteUser"), USER]).await;
    unknown.refused(400, "InvalidAction");
    let with_principal = super::client::policy("Allow", r#""*""#, "s3:*", "prompts/*");
    let policy = [
        ("Action", "PutUserPolicy"),
        USER,
        ("PolicyName", "rights"),
        ("PolicyDocument", &with_principal),
    ];
    root.iam(&policy)
        .await
        .refused(400, "MalformedPolicyDocument");
    let missing = [("Action", "GetUserPolicy"), USER, ("PolicyName", "rights")];
    root.iam(&missing).await.refused(404, "NoSuchEntity");
    let stranger = Caller::stranger(&s3);
    stranger
        .iam(&[("Action", "GetUser"), USER])
        .await
        .refused(403, "AccessDenied");
    let elsewhere = root.clone().in_region("eu-west-3");
    let elsewhere = elsewhere.iam(&[("Action", "GetUser"), USER]).await;
    elsewhere.refused(400, "AuthorizationHeaderMalformed");
}
