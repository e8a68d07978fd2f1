//! Lists of objects.

use horde_s3::{Method, xml};

use super::client::{Caller, started};

async fn page(root: &Caller, query: &[(&str, &str)]) -> String {
    root.bucket(Method::Get, "prompts", query, "")
        .await
        .ok()
        .text()
}

#[tokio::test]
async fn pages_have_each_object_once() {
    let s3 = started().await;
    for index in 0..2_005 {
        s3.put_object("prompts", &format!("solved/{index:04}"), "x")
            .unwrap();
    }
    s3.put_object("prompts", "other", "x").unwrap();
    let root = Caller::root(&s3);
    let (mut keys, mut sizes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let mut query = vec![("list-type", "2"), ("prefix", "solved/")];
        if !token.is_empty() {
            query.push(("continuation-token", &token));
        }
        let text = page(&root, &query).await;
        let of_page = xml::all(&text, "Key");
        let count = xml::first(&text, "KeyCount").unwrap();
        assert_eq!(count, of_page.len().to_string());
        sizes.push(of_page.len());
        keys.extend(of_page);
        match xml::first(&text, "NextContinuationToken") {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!(sizes, [1_000, 1_000, 5]);
    let expected: Vec<_> = (0..2_005)
        .map(|index| format!("solved/{index:04}"))
        .collect();
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn first_version_goes_on_by_keys() {
    let s3 = started().await;
    for key in ["a", "b&c", "d"] {
        s3.put_object("prompts", key, "x").unwrap();
    }
    let root = Caller::root(&s3);
    let first = page(&root, &[("max-keys", "2")]).await;
    assert_eq!(xml::all(&first, "Key"), ["a", "b&c"]);
    let marker = xml::first(&first, "NextMarker").unwrap();
    let second = page(&root, &[("max-keys", "2"), ("marker", &marker)]).await;
    assert_eq!(xml::all(&second, "Key"), ["d"]);
    assert_eq!(xml::first(&second, "IsTruncated").as_deref(), Some("false"));
    let encoded = page(&root, &[("encoding-type", "url"), ("list-type", "2")]).await;
    assert!(encoded.contains("<Key>b%26c</Key>"), "{encoded}");
    let encoding = xml::first(&encoded, "EncodingType");
    assert_eq!(encoding.as_deref(), Some("url"));
}

#[tokio::test]
async fn faulty_questions_are_refused() {
    let s3 = started().await;
    let root = Caller::root(&s3);
    for query in [
        &[("list-type", "3")][..],
        &[("max-keys", "x")],
        &[("encoding-type", "base64")],
        &[("list-type", "2"), ("continuation-token", "xyz")],
    ] {
        let listed = root.bucket(Method::Get, "prompts", query, "").await;
        listed.refused(400, "InvalidArgument");
    }
    let delimited = root
        .bucket(Method::Get, "prompts", &[("delimiter", "/")], "")
        .await;
    delimited.refused(501, "NotImplemented");
}
