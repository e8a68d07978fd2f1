//! Objects as they are written and read.

use horde_devnet::s3::{OBJECT_BYTES_MAX, S3Caller};
use horde_s3::Method;

use super::client::{Caller, http, sent, started};

#[tokio::test]
async fn object_is_read_as_it_was_written() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    let put = http().put(root.presigned(Method::Put, "prompts", "k"));
    let put = put
        .header("content-type", "text/plain")
        .header("content-encoding", "gzip");
    let put = sent(put.body(&b"\x1f\x8b\xff"[..])).await.ok();
    let get = Caller::anonymous(&s3).get("prompts", "k").await.ok();
    assert_eq!(get.body, b"\x1f\x8b\xff");
    assert_eq!(get.header("content-type"), "text/plain");
    assert_eq!(get.header("content-encoding"), "gzip");
    assert_eq!(get.header("etag"), put.header("etag"));
    let head = root.object(Method::Head, "prompts", "k", b"").await.ok();
    assert_eq!((head.header("content-length"), head.body.len()), ("3", 0));
    root.put("prompts", "l", "x").await.ok();
    let plain = root.get("prompts", "l").await.ok();
    assert_eq!(plain.header("content-type"), "binary/octet-stream");
    assert_ne!(plain.header("etag"), get.header("etag"));
    for name in ["date", "last-modified"] {
        assert!(plain.header(name).ends_with(" GMT"), "{name}");
    }
}

#[tokio::test]
async fn missing_objects_are_told_and_deleted_twice() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    Caller::anonymous(&s3)
        .get("prompts", "k")
        .await
        .refused(404, "NoSuchKey");
    let head = root.object(Method::Head, "prompts", "k", b"").await;
    assert_eq!((head.status, head.body.len()), (404, 0));
    Caller::anonymous(&s3)
        .get("nobodys", "k")
        .await
        .refused(404, "NoSuchBucket");
    root.put("nobodys", "k", "x")
        .await
        .refused(404, "NoSuchBucket");
    root.put("prompts", "k", "x").await.ok();
    for _ in 0..2 {
        let deleted = root.object(Method::Delete, "prompts", "k", b"").await;
        assert_eq!(deleted.status, 204);
    }
    root.get("prompts", "k").await.refused(404, "NoSuchKey");
}

#[tokio::test]
async fn sizes_are_bounded() {
    let s3 = started().await;
    let url = Caller::root(&s3).presigned(Method::Put, "prompts", "k");
    let put = |length: usize| sent(http().put(&url).body(vec![b'x'; length]));
    put(OBJECT_BYTES_MAX).await.ok();
    put(OBJECT_BYTES_MAX + 1)
        .await
        .refused(400, "EntityTooLarge");
    let object = s3.object("prompts", "k").unwrap();
    assert_eq!(object.len(), OBJECT_BYTES_MAX);
    let root = Caller::root(&s3);
    let long = "x".repeat(1_025);
    root.put("prompts", &long, "x")
        .await
        .refused(400, "KeyTooLongError");
    for index in 0..15 {
        s3.put_object("prompts", &format!("k{index}"), object.clone())
            .unwrap();
    }
    let full = s3.put_object("prompts", "one more", "x").unwrap_err();
    assert!(full.to_string().contains("no space"), "{full}");
    root.put("prompts", "one more", "x")
        .await
        .refused(507, "XMinioStorageFull");
}

#[tokio::test]
async fn calls_that_are_left_out_are_refused() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    for query in ["uploads", "acl", "tagging", "uploadId"] {
        let request = root.request("s3", Method::Put, "/prompts/k", &[(query, "1")], b"");
        sent(request).await.refused(501, "NotImplemented");
        let setting = root
            .bucket(Method::Put, "prompts", &[(query, "")], "")
            .await;
        setting.refused(501, "NotImplemented");
    }
    let copy = root.request("s3", Method::Put, "/prompts/k", &[], b"");
    let copy = copy.header("x-amz-copy-source", "/prompts/l");
    sent(copy).await.refused(501, "NotImplemented");
    let broken = http().get(format!("{}/prompts/%zz", s3.endpoint_url()));
    sent(broken).await.refused(400, "InvalidURI");
    let post = root.object(Method::Post, "prompts", "k", b"").await;
    post.refused(501, "NotImplemented");
    let sdk = root.request(
        "s3",
        Method::Put,
        "/prompts/k",
        &[("x-id", "PutObject")],
        b"",
    );
    sent(sdk).await.ok();
}

#[tokio::test]
async fn journal_says_who_wrote_and_read() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    root.put("prompts", "k", "four").await.ok();
    sent(
        http()
            .put(root.presigned(Method::Put, "prompts", "k"))
            .body("x"),
    )
    .await
    .ok();
    Caller::anonymous(&s3).get("prompts", "k").await.ok();
    root.clone().ahead(1_000).get("prompts", "k").await;
    s3.put_object("prompts", "planted", "y").unwrap();

    let id = root.key.as_ref().unwrap().access_key_id.clone();
    let key = |is_presigned| S3Caller::Key {
        access_key_id: id.clone(),
        account: "validator".to_owned(),
        is_presigned,
    };
    let journal = s3.journal_from(0);
    let seen = journal.iter().map(|entry| {
        let (call, code) = (entry.call.as_str(), entry.code.as_str());
        assert_eq!(
            (entry.bucket.as_str(), entry.key.as_str()),
            ("prompts", "k")
        );
        (
            entry.number,
            call,
            entry.caller.clone(),
            entry.status,
            code,
            entry.bytes,
        )
    });
    let expected = [
        (0, "put", key(false), 200, "", 4),
        (1, "put", key(true), 200, "", 1),
        (2, "get", S3Caller::Anonymous, 200, "", 1),
        (3, "get", S3Caller::Refused, 403, "RequestTimeTooSkewed", 0),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert_eq!(s3.journal_from(3), journal[3..]);

    let report = s3.report();
    assert_eq!(report.request_count, 4);
    let [written, planted] = &report.buckets[1].objects[..] else {
        panic!("{report:?}");
    };
    assert_eq!((written.write_count, written.read_count), (2, 1));
    assert_eq!((written.writer.clone(), written.bytes), (key(true), 1));
    assert_eq!(planted.writer, S3Caller::Host);
}
